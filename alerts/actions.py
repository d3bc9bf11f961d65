"""What staff do about an alert: send it again, cancel it, mark it as dealt with.

Each action and its record are one transaction with the alert's row locked. Of two people at the same instant, one
comes first and the other gets a sentence.

`after_round` is the newest round the person saw. If a newer one exists, the action is refused.
"""

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts.deliveries import lifecycle, opening
from alerts.models import Alert, AlertAction
from alerts.states import UNFINISHED, AlertState, StaffAction
from contacts.choices import Priority
from contacts.routing import NoRoute, Route, route

ENDS_AS = {StaffAction.CANCEL: AlertState.CANCELLED, StaffAction.CLOSE: AlertState.CLOSED}
WHAT_TO_DO: dict[NoRoute, str] = {
    NoRoute.INACTIVE: "Mark them as active on their page, or reach somebody else.",
    NoRoute.NO_PREFERENCE: "Choose a channel on the clinician's page.",
    NoRoute.NO_ADDRESS: "Enter a number or an address on the clinician's page.",
}
DECIDED: dict[str, str] = {
    AlertState.ACKNOWLEDGED: "It has been acknowledged.",
    AlertState.CANCELLED: "It has been cancelled.",
    AlertState.CLOSED: "It has been marked as dealt with.",
}
ON_ITS_WAY = "It is already on its way. Wait until you know how that ends."
SENT_AGAIN_MEANWHILE = "It has been sent again in the meantime. See first how that ended."
A_TEST = "It was a test of one channel. Send another from the clinician's page."
NOTHING_TO_STOP = "Nothing is waiting to be sent. If nobody needs to look at it, mark it as dealt with."

log = structlog.get_logger(__name__)


class ActionRefused(Exception):
    """Nothing was done. The message says why, in a sentence."""


def act(
    action: StaffAction, alert_id: int, *, by: AbstractBaseUser, after_round: int, note: str = ""
) -> None:
    """Send the alert again over the clinician's current route, cancel it, or mark it as dealt with.

    Raises:
        ActionRefused: this is not possible now.
    """
    with transaction.atomic():
        # Lock the alert before its deliveries, as `lifecycle` does, and read them under the lock.
        alerts = Alert.objects.select_for_update(of=("self",), no_key=True).select_related(
            "client", "clinician"
        )
        alert = alerts.prefetch_related("deliveries").get(pk=alert_id)
        refusal = SENT_AGAIN_MEANWHILE if newest_round(alert) != after_round else why_not(action, alert)
        if refusal:
            raise ActionRefused(refusal)
        started = None
        if action is StaffAction.RESEND:
            started = after_round + 1
            duplicate = any(each.may_have_arrived for each in alert.deliveries.all())
            first = route_of(alert).steps[0]
            opening.open_delivery(alert, first, round_number=started, possible_duplicate=duplicate)
        else:
            lifecycle.end(alert, ENDS_AS[action])
        AlertAction.objects.create(alert=alert, action=action, by_id=by.pk, note=note, round=started)
        log.info("alert.handled", alert_id=alert.pk, action=action.value, user_id=by.pk)


def why_not(action: StaffAction, alert: Alert) -> str:
    """Why this action is not possible now, as a sentence; empty if it is possible.

    No query if `clinician__preferences` and `deliveries` were prefetched.
    """
    if alert.state != AlertState.OPEN:
        return DECIDED[alert.state]
    deliveries = alert.deliveries.all()
    match action:
        case StaffAction.RESEND if alert.is_test:
            return A_TEST
        case StaffAction.RESEND if any(each.is_on_its_way for each in deliveries):
            return ON_ITS_WAY
        case StaffAction.RESEND:
            reason = route_of(alert).reason
            return f"{reason.label} {WHAT_TO_DO[reason]}" if reason else ""
        case StaffAction.CANCEL:
            return "" if any(each.state in UNFINISHED for each in deliveries) else NOTHING_TO_STOP
        case StaffAction.CLOSE:
            return ""


def route_of(alert: Alert) -> Route:
    """The current route to the alert's clinician."""
    return route(alert.clinician, Priority(alert.priority))


def newest_round(alert: Alert) -> int:
    """The number of the latest round."""
    return max((each.round for each in alert.deliveries.all()), default=0)
