"""Ends and reopens alerts, and stops their deliveries: on actions of staff and senders, and on answers.

Each is a compare-and-set in one transaction, on the database's clock.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from alerts.deliveries import queries
from alerts.models import Alert, Delivery
from alerts.states import AlertState, DeliveryState, Notice, Reason


def end(alert: Alert, state: AlertState, *, even_if_acknowledged: bool = False) -> int:
    """Cancel, close or withdraw an alert, or note that somebody accepted it. Returns how many waiting deliveries were
    stopped.

    A delivery that is being sent may still go out, but is not retried. One that may have arrived ends in doubt.
    """
    may_end = ends_from(even_if_acknowledged=even_if_acknowledged)
    with transaction.atomic():
        if not Alert.objects.filter(pk=alert.pk, state__in=may_end).update(state=state):
            return 0
        return stop(Delivery.objects.filter(alert=alert))


def ends_from(*, even_if_acknowledged: bool) -> tuple[AlertState, ...]:
    """The states from which `end` ends an alert."""
    return (AlertState.OPEN, AlertState.ACKNOWLEDGED) if even_if_acknowledged else (AlertState.OPEN,)


def stop(deliveries: QuerySet[Delivery]) -> int:
    """Stop the deliveries that wait, but no notice. Returns how many. Call with the alert's lock."""
    return _stop(deliveries.filter(notice=""))


def _stop(deliveries: QuerySet[Delivery]) -> int:
    waiting = deliveries.filter(state=DeliveryState.PENDING)
    doubtful = waiting.filter(queries.may_have_arrived()).update(
        state=DeliveryState.UNKNOWN, reason=Reason.ANSWER_LOST, finished_at=Now()
    )
    return doubtful + waiting.update(state=DeliveryState.CANCELLED, finished_at=Now())


def hand_back(alert: Alert) -> None:
    """Undo an acceptance: the alert is open again, and notices that it is taken are stopped.

    Deliveries that the acceptance stopped stay stopped. Call with the alert's lock.
    """
    Alert.objects.filter(pk=alert.pk, state=AlertState.ACKNOWLEDGED).update(state=AlertState.OPEN)
    _stop(Delivery.objects.filter(alert=alert, notice=Notice.TAKEN))


def reopen(alert: Alert) -> None:
    """Undo `end` with `CLOSED`. A delivery that `end` stopped is not sent now, which may be hours later: it counts as
    failed, so that staff see it.
    """
    with transaction.atomic():
        if Alert.objects.filter(pk=alert.pk, state=AlertState.CLOSED).update(state=AlertState.OPEN):
            stopped = Delivery.objects.filter(alert=alert, state=DeliveryState.CANCELLED, notice="")
            stopped.update(state=DeliveryState.FAILED, reason=Reason.STOPPED)
