"""What staff do about an alert: send it again, cancel it, mark it as dealt with.

Each is done and recorded in one transaction with the alert's row locked, so that of two at the same instant one is
first and the other is told.

`after_round` is the newest round that the person saw: where a newer one was started since, they meant something else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts.deliveries import lifecycle
from alerts.models import Alert, AlertAction, Delivery
from alerts.states import UNFINISHED, AlertState, StaffAction
from contacts.choices import Priority
from contacts.routing import NoRoute, Route, route

WHAT_TO_MEND: dict[NoRoute, str] = {
    NoRoute.INACTIVE: "Mark them as active on their page, or reach somebody else.",
    NoRoute.NO_PREFERENCE: "Choose a channel on the clinician's page.",
    NoRoute.NO_ADDRESS: "Enter a number or an address on the clinician's page.",
}
DECIDED: dict[str, str] = {
    AlertState.ACKNOWLEDGED: "It has been acknowledged.",
    AlertState.CANCELLED: "It has been cancelled.",
    AlertState.CLOSED: "It has been marked as dealt with.",
}
ON_ITS_WAY = "It is on its way already: wait until it is known what becomes of that."
SENT_AGAIN_MEANWHILE = "It has been sent again in the meantime, so look first what became of that."
A_TEST = "It was a test of one channel: send another from the clinician's page."
NOTHING_TO_STOP = (
    "There is nothing to stop: nothing waits to be sent. Mark it as dealt with, if nobody need look at it."
)

log = structlog.get_logger(__name__)


class Refused(Exception):  # noqa: N818 - an answer, and not a fault
    """Nothing was done; the message is a sentence that says why."""


def resend(alert_id: int, *, by: AbstractBaseUser, after_round: int, note: str = "") -> Delivery:
    """Start another round over the clinician's current route."""
    with _locked(alert_id) as alert:
        _refuse_what_cannot_be_done(StaffAction.RESEND, alert, after_round)
        delivery = lifecycle.open_delivery(
            alert,
            way_of(alert).steps[0],
            round_number=after_round + 1,
            possible_duplicate=any(each.may_have_arrived for each in alert.deliveries.all()),
        )
        _record(alert, StaffAction.RESEND, by, note, round_number=after_round + 1)
    return delivery


def cancel(alert_id: int, *, by: AbstractBaseUser, after_round: int, note: str = "") -> int:
    """Stop what is waiting to be sent; how many deliveries that was. One that is being sent is not tried again."""
    return _stop(StaffAction.CANCEL, lifecycle.cancel, alert_id, by, after_round, note)


def close(alert_id: int, *, by: AbstractBaseUser, after_round: int, note: str = "") -> int:
    """Nobody need look at it any more; how many waiting deliveries were stopped."""
    return _stop(StaffAction.CLOSE, lifecycle.close, alert_id, by, after_round, note)


def why_not(action: StaffAction, alert: Alert) -> str:
    """Why this cannot be done as the alert stands, as a sentence; empty where it can.

    No query where `client`, `clinician__preferences` and `deliveries` have been fetched with it.
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
            reason = way_of(alert).reason
            return f"{reason.label} {WHAT_TO_MEND[reason]}" if reason else ""
        case StaffAction.CANCEL:
            return "" if any(each.state in UNFINISHED for each in deliveries) else NOTHING_TO_STOP
        case StaffAction.CLOSE:
            return ""


def way_of(alert: Alert) -> Route:
    """The way to the alert's clinician as it is now."""
    return route(alert.clinician, Priority(alert.priority))


def newest_round(alert: Alert) -> int:
    """The number of the latest round."""
    return max((each.round for each in alert.deliveries.all()), default=0)


def _stop(
    action: StaffAction,
    stop: Callable[[Alert], int],
    alert_id: int,
    by: AbstractBaseUser,
    after_round: int,
    note: str,
) -> int:
    with _locked(alert_id) as alert:
        _refuse_what_cannot_be_done(action, alert, after_round)
        stopped = stop(alert)
        _record(alert, action, by, note)
    return stopped


@contextmanager
def _locked(alert_id: int) -> Iterator[Alert]:
    with transaction.atomic():
        # First the alert, then its deliveries, as in `lifecycle`; what is read of them is read under the lock.
        alerts = Alert.objects.select_for_update(of=("self",), no_key=True).select_related(
            "client", "clinician"
        )
        yield alerts.prefetch_related("deliveries").get(pk=alert_id)


def _refuse_what_cannot_be_done(action: StaffAction, alert: Alert, after_round: int) -> None:
    refusal = SENT_AGAIN_MEANWHILE if newest_round(alert) != after_round else why_not(action, alert)
    if refusal:
        raise Refused(refusal)


def _record(
    alert: Alert, action: StaffAction, by: AbstractBaseUser, note: str, round_number: int | None = None
) -> None:
    AlertAction.objects.create(alert=alert, action=action, by_id=by.pk, note=note, round=round_number)
    log.info("alert.handled", alert_id=alert.pk, action=action.value, user_id=by.pk)
