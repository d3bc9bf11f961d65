"""What is old enough to expire, and a look for a text in every table."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from alerts import intake
from alerts.models import (
    Alert,
    AlertAction,
    AnswerLink,
    Delivery,
    Engagement,
    InboundMessage,
    Loop,
    ReplyCode,
    Response,
)
from alerts.states import (
    DeliveryState,
    Effect,
    EngagementState,
    LoopOutcome,
    Outcome,
    Proof,
    ResponseKind,
    StaffAction,
    Why,
)
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from tests.factories import an_alert

SECRETS = (
    "Potassium 7.1",
    "PAT-4711",
    "blood_of_4711",
    "+447700900777",
    "Ask her sister",
    "I am off sick",
    "Dr Told",
)
"""What the alert of `make_old` says, to whom, and what people said about it."""


def ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def body(**changes: Any) -> dict[str, Any]:
    """What a sender sends."""
    said = {
        "message_id": f"old-{uuid.uuid4()}",
        "type": "blood_of_4711",
        "patient_id": "PAT-4711",
        "description": "Potassium 7.1",
        "priority": "M",
    }
    return an_alert(**{**said, **changes})


def take(client: ApiClient, *, days: float = 100, **changes: Any) -> Alert:
    """An alert that was sent so many days ago."""
    given = body(**changes)
    new = intake.NewAlert(**{**given, "priority": Priority(given["priority"])})
    alert = intake.accept(client=client, new=new).alert
    sent = {"state": DeliveryState.SENT, "provider_id": "sms-1", "finished_at": ago(days)}
    Delivery.objects.filter(alert=alert).update(address="+447700900777", created_at=ago(days), **sent)
    Alert.objects.filter(pk=alert.pk).update(created_at=ago(days))
    alert.refresh_from_db()
    return alert


def answered(alert: Alert, by: User, *, days: float = 99) -> Engagement:
    """As if somebody had been asked to take it on, and had said no, by SMS; staff dealt with it."""
    at = ago(days)
    Alert.objects.filter(pk=alert.pk).update(has_loop=True, state="closed")
    plan = {"plan_id": 1, "name": "Any", "steps": []}
    Loop.objects.create(alert=alert, plan=plan, ended_at=at, outcome=LoopOutcome.EXHAUSTED)
    engagement = Engagement.objects.create(
        alert=alert,
        number=1,
        clinician=alert.clinician,
        why=Why.ADDRESSED,
        state=EngagementState.DECLINED,
        asked_at=at,
        due_at=at,
        ended_at=at,
    )
    delivery = Delivery.objects.get(alert=alert)
    said: dict[str, Any] = {"alert": alert, "engagement": engagement, "kind": ResponseKind.DECLINE, "at": at}
    by_sms = Response.objects.create(
        **said, proof=Proof.SMS, evidence=f"in-{alert.pk}", effect=Effect.APPLIED, delivery=delivery
    )
    Response.objects.create(
        **said,
        proof=Proof.STAFF,
        evidence=f"staff-{alert.pk}",
        effect=Effect.TOO_LATE,
        by=by,
        note="Ask her sister",
    )
    InboundMessage.objects.create(
        provider_id=f"in-{alert.pk}",
        sender="+447700900777",
        text="No, I am off sick",
        response=by_sms,
        effect=Effect.APPLIED,
        received_at=at,
    )
    ReplyCode.objects.create(engagement=engagement, address="+447700900777", code="1234", released_at=at)
    AnswerLink.objects.create(delivery=delivery, digest=uuid.uuid4().hex * 2, expires_at=at)
    AlertAction.objects.create(
        alert=alert,
        action=StaffAction.CLOSE,
        by=by,
        outcome=Outcome.BY_TELEPHONE,
        told="Dr Told",
        note="Ask her sister",
        created_at=at,
    )
    return engagement


def leave(clinician: Clinician, *, days: float) -> None:
    """As if they had been marked as inactive so many days ago."""
    clinician.active = False
    clinician.save()
    newest = clinician.history.order_by("-history_id").values_list("pk", flat=True)[0]
    clinician.history.filter(pk=newest).update(history_date=ago(days))
    clinician.history.exclude(pk=newest).update(history_date=ago(days + 100))


def tables_with(text: str) -> list[str]:
    """The tables in which a text stands, in any column."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    found = []
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name} t WHERE position(%s IN t::text) > 0)", [text])  # noqa: S608
            found += [name] if cursor.fetchone()[0] else []
    return found


def standing(*texts: str) -> dict[str, list[str]]:
    """Those of the texts that stand anywhere, and in which tables."""
    found = {text: tables_with(text) for text in texts}
    return {text: names for text, names in found.items() if names}
