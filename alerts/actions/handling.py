"""The actions on one alert that need nobody else: take it on, send it again, cancel it, mark it as dealt with."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts.actions.records import ActionRefused, holding, lock, refuse_if_overtaken
from alerts.deliveries import opening
from alerts.escalation import ending
from alerts.labels import TEXT_IS_GONE, Explanation
from alerts.models import Alert, AlertAction, Delivery, Engagement
from alerts.states import UNFINISHED, AlertState, EngagementState, Outcome, StaffAction
from contacts.choices import Priority
from contacts.routing import NoRoute, Route, route

WHAT_TO_DO: dict[NoRoute, str] = {
    NoRoute.INACTIVE: "Mark them as active on their page, or reach somebody else.",
    NoRoute.NO_PREFERENCE: "Choose a channel on the clinician's page.",
    NoRoute.NO_ADDRESS: "Enter a number or an address on the clinician's page.",
    NoRoute.EMAIL_UNCONFIRMED: "Have them open the link that AWS sent them, or choose another channel on their page.",
}
DECIDED: dict[str, Explanation] = {
    AlertState.ACKNOWLEDGED: Explanation("Somebody has accepted it."),
    AlertState.CANCELLED: Explanation("It has been cancelled."),
    AlertState.CLOSED: Explanation("It has been marked as dealt with."),
    AlertState.WITHDRAWN: Explanation("The hospital system has withdrawn it."),
}
ON_ITS_WAY = Explanation("It is already on its way.", "Wait until you know how that ends.")
A_TEST = Explanation("It was a test of one channel.", "Send another from the clinician's page.")
NOTHING_TO_STOP = Explanation(
    "Nothing is waiting to be sent.", "If nobody needs to look at it, mark it as dealt with."
)
NOT_DEALT_WITH = Explanation("It has not been marked as dealt with.")
YOU_ARE_ON_IT = Explanation("You are on it already.")
YOU_ARE_NOT_ON_IT = Explanation("You are not on it.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DealtWith:
    """How an alert was dealt with, and whom staff told."""

    outcome: Outcome
    told: str = ""


def act(
    action: StaffAction,
    alert_id: int,
    *,
    by: AbstractBaseUser,
    after: int | None = None,
    note: str = "",
    dealt_with: DealtWith | None = None,
) -> None:
    """Do any action but `FORWARD`, and record it. `CLOSE` needs `dealt_with`; `after`: see `refuse_if_overtaken`.

    Raises:
        ActionRefused: this is not possible now.
    """
    with transaction.atomic():
        alert = lock(alert_id)
        refuse_if_overtaken(alert, after)
        refusal = why_not(action, alert, by=by)
        if refusal:
            raise ActionRefused(refusal)
        fields = _carry_out(action, alert)
        if dealt_with:
            fields |= {"outcome": dealt_with.outcome, "told": dealt_with.told}
        AlertAction.objects.create(alert=alert, action=action, by_id=by.pk, note=note, **fields)
        log.info("alert.handled", alert_id=alert.pk, action=action.value, user_id=by.pk)


def _carry_out(action: StaffAction, alert: Alert) -> dict[str, Any]:
    """Do it. Returns the further fields of its record."""
    match action:
        case StaffAction.RESEND:
            round_number = newest_round(alert) + 1
            engagement = asked_again(alert)
            before = messages_again(alert)
            opening.open_delivery(
                alert,
                route_of(alert).steps[0],
                round_number=round_number,
                possible_duplicate=any(each.may_have_arrived for each in before),
                traceparent=next((each.traceparent for each in before if each.traceparent), None),
                engagement=engagement,
            )
            return {"round": round_number}
        case StaffAction.CANCEL:
            ending.end(alert, AlertState.CANCELLED)
        case StaffAction.CLOSE:
            ending.end(alert, AlertState.CLOSED)
        case StaffAction.REOPEN:
            ending.reopen(alert)
        case _:
            pass  # who is on it is in the records alone
    return {}


def why_not(action: StaffAction, alert: Alert, *, by: AbstractBaseUser) -> Explanation | None:
    """Why this person cannot do the action now; None if they can.

    No query if `clinician__preferences`, `deliveries`, `actions__by`, `loop` and `engagements__clinician` were read.
    """
    if action is StaffAction.REOPEN:
        return None if alert.state == AlertState.CLOSED else NOT_DEALT_WITH
    if alert.state != AlertState.OPEN:
        return DECIDED[alert.state]
    if action in (StaffAction.TAKE, StaffAction.HAND_BACK):
        held = holding(alert.actions.all())
        is_mine = held is not None and held.by_id == by.pk
        if action is StaffAction.TAKE:
            return YOU_ARE_ON_IT if is_mine else None
        return None if is_mine else YOU_ARE_NOT_ON_IT
    return _why_not_sent_or_stopped(action, alert)


def _why_not_sent_or_stopped(action: StaffAction, alert: Alert) -> Explanation | None:
    match action:
        case StaffAction.RESEND | StaffAction.FORWARD if alert.is_test:
            return A_TEST
        case StaffAction.RESEND | StaffAction.FORWARD if alert.is_blank:
            return TEXT_IS_GONE
        case StaffAction.RESEND if any(each.is_on_its_way for each in messages_again(alert)):
            return ON_ITS_WAY
        case StaffAction.RESEND:
            reason = route_of(alert).reason
            return no_route(reason) if reason else None
        case StaffAction.CANCEL:
            waits = any(each.state in UNFINISHED for each in alert.messages)
            return None if waits or (alert.has_loop and alert.loop.is_open) else NOTHING_TO_STOP
        case _:
            return None


def no_route(reason: NoRoute) -> Explanation:
    """Why nobody would be reached, and what to do about it."""
    is_for_editors = reason is not NoRoute.EMAIL_UNCONFIRMED  # everybody can speak to the person
    return Explanation(str(reason.label), WHAT_TO_DO[reason], is_for_editors=is_for_editors)


def route_of(alert: Alert) -> Route:
    """The current route to the alert's clinician, or to whom it was asked of last."""
    engagement = asked_again(alert)
    return route(engagement.clinician if engagement else alert.clinician, Priority(alert.priority))


def asked_again(alert: Alert) -> Engagement | None:
    """The engagement that "send again" repeats: of the person asked now, or else of the last one. None if nobody was
    asked.

    No query if `engagements__clinician` was prefetched.
    """
    if not alert.has_loop:
        return None
    engagements = sorted(alert.engagements.all(), key=lambda each: each.number)
    now = [each for each in engagements if each.state == EngagementState.ASKED]
    return (now or engagements)[-1]


def messages_again(alert: Alert) -> list[Delivery]:
    """The deliveries that "send again" would repeat."""
    engagement = asked_again(alert)
    return [
        each for each in alert.messages if engagement is None or each.clinician_id == engagement.clinician_id
    ]


def newest_round(alert: Alert) -> int:
    """The number of the latest round."""
    return max((each.round for each in alert.messages), default=0)
