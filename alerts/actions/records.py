"""What staff have done about an alert so far, and the lock under which they do more."""

from collections.abc import Iterable

from alerts.labels import Explanation
from alerts.models import Alert, AlertAction
from alerts.states import StaffAction

GIVES_UP_THE_CLAIM = (StaffAction.HAND_BACK, StaffAction.CANCEL)


class ActionRefused(Exception):
    """Nothing was done. `why` says the reason, and what to do."""

    def __init__(self, why: Explanation) -> None:
        super().__init__(str(why))
        self.why = why


class Overtaken(ActionRefused):
    """Nothing was done: somebody did `record` since the person looked."""

    def __init__(self, record: AlertAction) -> None:
        super().__init__(Explanation("Something was done about it in the meantime."))
        self.record = record


def newest(done: Iterable[AlertAction]) -> AlertAction | None:
    """The latest action on an alert, by id: the alert's lock keeps ids in order, but not times."""
    return max(done, key=lambda each: each.pk, default=None)


def holding(done: Iterable[AlertAction]) -> AlertAction | None:
    """The action by which somebody took the alert on; None if nobody is on it.

    Nobody is on an alert that has been dealt with. When that is undone, the person who was on it before is on it again.
    """
    found, latest = None, None
    for latest in sorted(done, key=lambda each: each.pk):
        found = holder_after(found, latest)
    return None if latest and latest.action == StaffAction.CLOSE else found


def holder_after(holder: AlertAction | None, record: AlertAction) -> AlertAction | None:
    """The holder after `record`, as the action by which they took the alert on. `holder` is the one before."""
    if record.action == StaffAction.TAKE:
        return record
    return None if record.action in GIVES_UP_THE_CLAIM else holder


def lock(alert_id: int) -> Alert:
    """The alert, locked, with what was sent and done so far. Call inside a transaction."""
    # Lock the alert before its deliveries, as `lifecycle` does, and read them under the lock.
    alerts = Alert.objects.select_for_update(of=("self",), no_key=True).select_related("client", "clinician")
    return alerts.prefetch_related("deliveries", "actions", "engagements__clinician").get(pk=alert_id)


def refuse_if_overtaken(alert: Alert, after: int | None) -> None:
    """`after` is the id of the newest action that the person saw, 0 for none; None, from a list, allows any.

    Raises:
        Overtaken: there is a newer action.
    """
    record = newest(alert.actions.all())
    if after is not None and record and record.pk != after:
        raise Overtaken(record)
