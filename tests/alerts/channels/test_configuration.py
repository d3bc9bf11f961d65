"""Where AWS is not configured, or not usably: nothing was sent, and the operators must act."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from alerts.channels import ChannelError, Fault, Message, SendResult, aws, connect_call, sns_sms
from alerts.states import Reason

UNUSABLE: list[tuple[str, str | None, str]] = [
    ("AWS_PROFILE", "nope", "ProfileNotFound"),
    ("AWS_DEFAULT_REGION", "eu west 2", "InvalidRegionError"),
    ("AWS_DEFAULT_REGION", None, "NoRegionError"),
    ("AWS_ENDPOINT_URL", "localhost:4566", "ValueError"),
]


@pytest.fixture
def newborn(fresh: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The same, of a process that has not read a profile yet, and that has no file to read it from."""
    fresh.setattr("boto3.DEFAULT_SESSION", None)
    fresh.setenv("AWS_CONFIG_FILE", os.devnull)
    return fresh


def change(environment: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    """Set a variable, or unset it."""
    environment.delenv(name) if value is None else environment.setenv(name, value)


@pytest.mark.parametrize(
    "missing",
    [
        ["CONNECT_INSTANCE_ID"],
        ["CONNECT_CONTACT_FLOW_ID"],
        ["CONNECT_QUEUE_ID", "CONNECT_SOURCE_PHONE_NUMBER"],
    ],
)
def test_a_call_that_is_not_configured_is_refused_without_asking(
    connect: Stubber, message: Message, settings: Any, missing: list[str]
) -> None:
    for name in missing:
        setattr(settings, name, "")

    with pytest.raises(ChannelError) as caught:
        connect_call.send(message)

    error = caught.value
    assert (error.fault, error.reason) == (Fault.REJECTED, Reason.MISCONFIGURED)
    assert error.code == "ConnectNotConfigured"


@pytest.mark.parametrize("send", [sns_sms.send, connect_call.send])
@pytest.mark.parametrize(("name", "value", "code"), UNUSABLE)
def test_where_no_client_can_be_made_nothing_was_sent_and_the_operators_must_act(
    newborn: pytest.MonkeyPatch,
    message: Message,
    send: Callable[[Message], SendResult],
    name: str,
    value: str | None,
    code: str,
) -> None:
    change(newborn, name, value)

    with pytest.raises(ChannelError) as caught:
        send(message)

    error = caught.value
    assert (error.fault, error.reason, error.code) == (Fault.REJECTED, Reason.MISCONFIGURED, code)


@pytest.mark.parametrize(("name", "value", "code"), UNUSABLE)
def test_a_client_that_could_not_be_made_is_made_once_it_can(
    newborn: pytest.MonkeyPatch, name: str, value: str | None, code: str
) -> None:
    with newborn.context() as broken:
        change(broken, name, value)
        with pytest.raises(ChannelError):
            aws.client("sns")

    assert aws.client("sns") is aws.client("sns")
