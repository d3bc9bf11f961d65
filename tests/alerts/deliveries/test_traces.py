"""Each delivery of an alert belongs to the trace of the first."""

import pytest
from django.contrib.auth.models import User

from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Delivery
from alerts.states import Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import resend

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def refuse(delivery: Delivery) -> None:
    """Its provider refuses it, and the next channel is opened if there is one."""
    claimed = claims.claim(delivery.pk)
    assert claimed is not None
    refusal = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS)
    lifecycle.mark_failed(claimed, refusal, NextChannel(Reason.INVALID_ADDRESS))


@pytest.mark.parametrize("trace", [TRACE, ""])
def test_the_next_channel_and_a_resend_belong_to_it(store: Store, db: None, trace: str) -> None:
    call = store(Priority.HIGH, traceparent=trace)

    refuse(call)
    sms = Delivery.objects.exclude(pk=call.pk).get()
    refuse(sms)
    again = resend(call.alert_id, by=User.objects.create_user("operator"))

    assert (sms.traceparent, again.traceparent) == (trace, trace)
