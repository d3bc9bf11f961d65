"""Sends an alert to somebody else.

If the alert has no plan, that is a new alert, taken and routed like any other and linked with the first. If it has one,
the other person is asked within the same alert.
"""

import uuid
from datetime import timedelta

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts import intake, wording
from alerts.actions.handling import no_route, why_not
from alerts.actions.records import ActionRefused, lock, newest, refuse_if_overtaken
from alerts.escalation import asking
from alerts.labels import Explanation
from alerts.models import Alert, AlertAction, Engagement
from alerts.states import EngagementState, StaffAction, Why
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import route
from oncall.plans import FrozenPlan

MEANT_FOR_THEM = Explanation("It was meant for this person already.", "Choose “Send again” instead.")
ASKED_ALREADY = Explanation(
    "They are being asked already.", "Choose “Send again” to send it to them once more."
)
IS_DELETED = Explanation("This clinician no longer exists.")

log = structlog.get_logger(__name__)


def ask(
    alert_id: int, *, to: Clinician, by: AbstractBaseUser, after: int | None = None, note: str = ""
) -> Engagement:
    """Ask somebody else to take the alert on, even when nobody was left to ask. A form sent twice asks once.

    They have as long as the last person of the plan. People who are asked already stay asked.

    Raises:
        ActionRefused: this is not possible now.
    """
    with transaction.atomic():
        alert = lock(alert_id)
        before = newest(alert.actions.all())
        if before and before.asked and (before.by_id, before.asked.clinician_id) == (by.pk, to.pk):
            return before.asked
        refuse_if_overtaken(alert, after)
        refusal = why_not(StaffAction.FORWARD, alert, by=by) or why_not_asked(alert, to)
        if refusal:
            raise ActionRefused(refusal)
        way = route(to, Priority(alert.priority))
        if way.reason:
            raise ActionRefused(no_route(way.reason))
        delivery = asking.ask(alert, asking.Asked(to, way, Why.STAFF), wait=wait_of(alert))
        engagement = delivery.engagement
        assert engagement is not None  # noqa: S101 - for the type checker
        AlertAction.objects.create(
            alert=alert, action=StaffAction.FORWARD, by_id=by.pk, note=note, asked=engagement
        )
    log.info("alert.handled", alert_id=alert.pk, action=StaffAction.FORWARD.value, user_id=by.pk)
    return engagement


def why_not_asked(alert: Alert, to: Clinician) -> Explanation | None:
    """Why this person cannot be asked now; None if they can. No query if `engagements` were prefetched."""
    asked = (each.clinician_id for each in alert.engagements.all() if each.state == EngagementState.ASKED)
    return ASKED_ALREADY if to.pk in asked else None


def wait_of(alert: Alert) -> timedelta:
    """How long a person whom staff choose has to answer: as long as the last person of the plan."""
    return FrozenPlan.from_json(alert.loop.plan).steps[-1].wait


def forward(
    alert_id: int,
    *,
    to: Clinician,
    key: uuid.UUID,
    by: AbstractBaseUser,
    after: int | None = None,
    note: str = "",
) -> Alert:
    """Send the alert to somebody else. Returns the new alert; the same `key` always gives the same alert.

    The new alert has the text of the first one, after a note that it was first meant for a colleague.

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
            raise ActionRefused(no_route(reason) if reason else IS_DELETED) from None
        AlertAction.objects.create(
            alert=alert, action=StaffAction.FORWARD, by_id=by.pk, note=note, sent_on_as=sent_on
        )
    log.info("alert.handled", alert_id=alert.pk, action=StaffAction.FORWARD.value, user_id=by.pk)
    return sent_on
