"""A hospital system withdraws its alert: the cause has gone, so nobody needs to be reached or to answer any more."""

import structlog
from django.db import transaction
from django.db.models.functions import Now
from structlog.contextvars import bind_contextvars

from alerts.escalation import ending
from alerts.models import Alert
from alerts.states import AlertState
from clients.models import ApiClient

log = structlog.get_logger(__name__)


class AlreadyEnded(Exception):
    """Staff have ended the alert already: cancelled it, or dealt with it."""

    def __init__(self, state: AlertState) -> None:
        super().__init__("The alert has ended.")
        self.state = state


def withdraw(*, client: ApiClient, message_id: str) -> Alert | None:
    """Withdraw this client's alert, and tell people who may have been asked. None if it has no such alert.

    Repeats do no harm. Returns the alert with its status and deliveries.

    Raises:
        AlreadyEnded: nothing was changed.
    """
    with transaction.atomic():
        mine = Alert.objects.select_for_update(of=("self",), no_key=True).filter(client=client)
        alert = mine.filter(message_id=message_id).first()
        if alert is None:
            return None
        bind_contextvars(alert_id=alert.pk)
        if alert.state in (AlertState.CANCELLED, AlertState.CLOSED):
            raise AlreadyEnded(AlertState(alert.state))
        if alert.state != AlertState.WITHDRAWN:
            ending.end(alert, AlertState.WITHDRAWN, even_if_acknowledged=True)
            Alert.objects.filter(pk=alert.pk).update(withdrawn_at=Now())
            transaction.on_commit(lambda: log.info("alert.withdrawn", alert_id=alert.pk))
    return Alert.objects.of_message(message_id)
