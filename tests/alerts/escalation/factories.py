"""Alerts that somebody is asked to take on."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now

from alerts import responses
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.escalation import steps
from alerts.models import Alert, Delivery, Engagement, Loop, Response
from alerts.states import DeliveryState, Proof, Reason, ResponseKind

Ask = Callable[..., Alert]


def asked(alert: Alert) -> list[tuple[str, str]]:
    """Everybody who was asked, in order, and what came of it."""
    return list(Engagement.objects.filter(alert=alert).values_list("clinician__contact_id", "state"))


def let_time_run_out(alert: Alert) -> None:
    """As if the wait were over, and a relay had looked."""
    Engagement.objects.filter(alert=alert, ended_at=None).update(due_at=Now() - timedelta(seconds=1))
    Loop.objects.filter(alert=alert, ended_at=None).update(due_at=Now() - timedelta(seconds=1))
    steps.take_up_due()


def answer(
    alert: Alert,
    contact_id: str,
    kind: ResponseKind = ResponseKind.ACCEPT,
    *,
    evidence: str = "",
    proof: Proof = Proof.CALL_KEY,
) -> Response:
    """An answer of the person, to the latest time they were asked."""
    engagement = Engagement.objects.filter(alert=alert, clinician__contact_id=contact_id).latest("number")
    return responses.respond(
        engagement.pk, responses.Answer(kind=kind, proof=proof, evidence=evidence or uuid.uuid4().hex)
    )


def take(delivery: Delivery) -> None:
    """Let the provider take it."""
    claimed = claims.claim(delivery.pk)
    assert claimed
    lifecycle.mark_sent(claimed, SendResult(f"provider-{delivery.pk}"))


def refuse(delivery: Delivery) -> None:
    """Let the provider refuse it."""
    claimed = claims.claim(delivery.pk)
    assert claimed
    reason = Reason.INVALID_ADDRESS
    lifecycle.mark_failed(claimed, ChannelError(Fault.REJECTED, reason), NextChannel(reason))


def refuse_all(alert: Alert) -> None:
    """Let the provider refuse whatever waits, until nothing does."""
    for _ in range(20):
        Delivery.objects.filter(alert=alert, state=DeliveryState.PENDING).update(available_at=Now())
        waiting = Delivery.objects.filter(alert=alert, state=DeliveryState.PENDING, notice="").first()
        if waiting is None:
            return
        refuse(waiting)
    raise AssertionError("Something is sent again and again.")


def current(alert: Alert) -> Alert:
    """The alert as it is in the database, with its status."""
    return Alert.objects.with_status().get(pk=alert.pk)


def waiting(alert: Alert) -> list[tuple[str, str]]:
    """Who is to get something, and over which channel."""
    due = Delivery.objects.filter(alert=alert, state=DeliveryState.PENDING, notice="")
    return list(due.order_by("created_at").values_list(F("clinician__contact_id"), "channel"))


def notices(alert: Alert) -> list[tuple[str, str, str]]:
    """Who is told what, and over which channel."""
    told = Delivery.objects.filter(alert=alert).exclude(notice="")
    return list(told.order_by("created_at").values_list(F("clinician__contact_id"), "channel", "notice"))
