"""Faults on the wire to AWS, and what boto3 makes of them: it does not wait long, nor try again by itself."""

import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from alerts.channels import ChannelError, Fault, Message, aws, sns_sms
from alerts.states import Reason
from tests.aws import Aws

Publish = Callable[[str], None]


@pytest.fixture
def publish() -> Publish:
    """An SMS to an address by a stock client that does not wait long, so that timeouts can be seen."""

    def send(url: str) -> None:
        config = Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1})
        with aws.translated():
            boto3.client("sns", endpoint_url=url, config=config).publish(
                PhoneNumber="+447700900001", Message="x"
            )

    return send


@pytest.mark.parametrize(
    ("kind", "fault", "reason", "arrived"),
    [
        ("throttle", Fault.THROTTLED, Reason.THROTTLED, 0),
        ("error", Fault.UNKNOWN, Reason.ANSWER_LOST, 0),
        ("error_after", Fault.UNKNOWN, Reason.ANSWER_LOST, 1),
        ("hang_before", Fault.UNKNOWN, Reason.ANSWER_LOST, 0),
        ("hang_after", Fault.UNKNOWN, Reason.ANSWER_LOST, 1),
        ("reset_after", Fault.UNKNOWN, Reason.ANSWER_LOST, 1),
        ("reject", Fault.REJECTED, Reason.INVALID_ADDRESS, 0),
    ],
)
def test_a_fault_on_the_wire(
    aws: Aws, publish: Publish, kind: str, fault: Fault, reason: Reason, arrived: int
) -> None:
    aws.misbehave("sns:Publish", kind, times=1, **({"seconds": 2} if "hang" in kind else {}))

    with pytest.raises(ChannelError) as caught:
        publish(aws.url)

    assert (caught.value.fault, caught.value.reason) == (fault, reason)
    assert len(aws.messages()) == arrived


def test_a_closed_port_means_that_nothing_was_sent(publish: Publish) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]

    with pytest.raises(ChannelError) as caught:
        publish(f"http://127.0.0.1:{closed}")

    assert (caught.value.fault, caught.value.reason) == (Fault.UNSENT, Reason.UNREACHABLE)


@pytest.mark.parametrize("kind", ["error", "error_after", "reset_after"])
def test_boto_does_not_try_again_by_itself(aws: Aws, message: Message, kind: str) -> None:
    aws.misbehave("sns:Publish", kind, times=1)

    with pytest.raises(ChannelError):
        sns_sms.send(message)

    assert len(aws.messages()) == (0 if kind == "error" else 1)


@pytest.mark.parametrize("service", ["sns", "connect"])
def test_a_call_of_boto_ends_well_before_a_lease(service: aws.Service, settings: Any) -> None:
    config: Any = aws.client(service).meta.config

    assert (
        config.connect_timeout + config.read_timeout == aws.CALL_SECONDS < settings.LEASE.total_seconds() / 4
    )
