"""Sending an alert to somebody else: a new alert, taken and routed like any other, and linked with the first."""

import uuid

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts import intake, wording
from alerts.actions.handling import no_route, why_not
from alerts.actions.records import ActionRefused, lock, refuse_if_overtaken
from alerts.models import Alert, AlertAction
from alerts.states import StaffAction
from contacts.choices import Priority
from contacts.models import Clinician

MEANT_FOR_THEM = "It was meant for this person already. Choose “Send again” instead."

log = structlog.get_logger(__name__)


def forward(
    alert_id: int,
    *,
    to: Clinician,
    key: uuid.UUID,
    by: AbstractBaseUser,
    after: int | None = None,
    note: str = "",
) -> Alert:
    """Send the alert to somebody else. Returns the new alert; the same for the same `key`, however often it comes.

    The new alert says that it was first meant for a colleague, and otherwise what the first one said.

    Raises:
        ActionRefused: this is not possible now.
    """
    message_id = f"sent-on-{key}"
    with transaction.atomic():
        alert = lock(alert_id)
        before = Alert.objects.filter(message_id=message_id, sent_on_by__alert=alert, clinician=to).first()
        if before:
            return before
        refuse_if_overtaken(alert, after)
        refusal = why_not(StaffAction.FORWARD, alert, by=by)
        if refusal or to.pk == alert.clinician_id or alert.client is None:
            raise ActionRefused(refusal or MEANT_FOR_THEM)
        new = intake.NewAlert(
            message_id=message_id,
            type=alert.type,
            patient_id=alert.patient_id,
            contact_id=to.contact_id,
            description=wording.sent_on(alert.description),
            priority=Priority(alert.priority),
        )
        try:
            sent_on = intake.accept(client=alert.client, new=new).alert
        except intake.Unreachable as nobody:
            reason = nobody.reason
            raise ActionRefused(no_route(reason) if reason else "This clinician no longer exists.") from None
        AlertAction.objects.create(
            alert=alert, action=StaffAction.FORWARD, by_id=by.pk, note=note, sent_on_as=sent_on
        )
    log.info("alert.handled", alert_id=alert.pk, action=StaffAction.FORWARD.value, user_id=by.pk)
    return sent_on
