"""Deliveries on their way: claimed, left alone by their worker, placed as calls; and errors to end them with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from alerts import actions
from alerts.channels import ADAPTERS, Budget, ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Decision, LeaveInDoubt, NextChannel
from alerts.models import Delivery
from alerts.sending import send as sending
from alerts.states import Outcome, Reason, StaffAction
from contacts.choices import Priority
from tests.alerts.conftest import Store

LOST = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
REJECTED = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
THROTTLED = ChannelError(Fault.THROTTLED, Reason.THROTTLED, "Throttling")


def claim(delivery: Delivery) -> claims.Claim:
    """The claim, which must succeed."""
    claimed = claims.claim(delivery.pk)
    assert claimed is not None
    return claimed


TOLD = actions.DealtWith(Outcome.BY_TELEPHONE, "The registrar")


def handle(action: StaffAction, alert_id: int, *, by: Any, after: int | None = None, note: str = "") -> None:
    """Do a staff action. What is dealt with was told by telephone."""
    dealt_with = TOLD if action is StaffAction.CLOSE else None
    actions.act(action, alert_id, by=by, after=after, note=note, dealt_with=dealt_with)


def resend(alert_id: int, *, by: Any, note: str = "") -> Delivery:
    """The delivery with which staff start another round."""
    handle(StaffAction.RESEND, alert_id, by=by, note=note)
    return Delivery.objects.filter(alert=alert_id).latest("round")


def end(delivery: Delivery, reason: Reason, decision: Decision | None = None) -> Delivery:
    """Let the provider refuse it; nothing follows on its channel."""
    claim = claims.claim(delivery.pk)
    assert claim
    fault = Fault.UNKNOWN if isinstance(decision, LeaveInDoubt) else Fault.REJECTED
    lifecycle.mark_failed(claim, ChannelError(fault, reason), decision or NextChannel(reason))
    return delivery


def send(delivery: Delivery) -> Delivery:
    """Let the provider take it."""
    claim = claims.claim(delivery.pk)
    assert claim
    lifecycle.mark_sent(claim, SendResult("provider-1"))
    return delivery


def let_lease_run_out(delivery: Delivery) -> None:
    """As if the worker had been silent for longer than the lease."""
    Delivery.objects.filter(pk=delivery.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def current(delivery: Delivery) -> Delivery:
    """The delivery as it is in the database."""
    return Delivery.objects.get(pk=delivery.pk)


def placed(store: Store, priority: Priority = Priority.HIGH, **fields: Any) -> Delivery:
    """A call that Connect has taken, which is to be asked about now."""
    delivery = store(priority)
    sending.deliver(delivery.pk)
    Delivery.objects.filter(pk=delivery.pk).update(**{"outcome_due_at": Now(), **fields})
    return current(delivery)


def limit_to(monkeypatch: pytest.MonkeyPatch, budget: Budget) -> None:
    """Give every channel this budget."""
    for channel, adapter in ADAPTERS.items():
        monkeypatch.setitem(ADAPTERS, channel, replace(adapter, budget=lambda: budget))
