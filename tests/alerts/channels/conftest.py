"""A message, and AWS clients whose answers are given: the Stubber checks each request against AWS's own model."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from alerts.channels import Message, aws, sns_subscription
from alerts.channels.memory import remembered

TOPIC = "arn:aws:sns:eu-west-2:123456789012:bleep-clinician-1-0"
SUBSCRIPTION = f"{TOPIC}:11111111-2222-3333-4444-555555555555"


@pytest.fixture
def message() -> Message:
    """A message on its way; tests change its address."""
    return Message(
        delivery_id="6f1c0c52-7a55-4a7c-9a63-0d4f0a5b2f11",
        recipient="clinician-1",
        address="+447700900001",
        subject="Blood test alert",
        obstacle=None,
        subscription="",
        text="Results ready 123456789",
        sms="Results ready 123456789",
        spoken="This is a message from Staff Alert. Results ready",
        spoken_digits="123456789",
        wants_answer=False,
        deadline=time.monotonic() + 50,
    )


@pytest.fixture
def email(message: Message) -> Message:
    """The same by e-mail."""
    return replace(message, address="clinician@ward.example", subscription=SUBSCRIPTION)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """No confirmed subscription and no opt-out is remembered from the test before."""
    remembered.clear()
    yield
    remembered.clear()


@pytest.fixture
def sns() -> Iterator[Stubber]:
    """The process's SNS client, stubbed."""
    with Stubber(aws.client("sns")) as stubber:
        yield stubber


@pytest.fixture
def connect() -> Iterator[Stubber]:
    """The process's Connect client, stubbed."""
    with Stubber(aws.client("connect")) as stubber:
        yield stubber


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a process that has no clients yet. Those that it makes are forgotten with it."""
    aws._make.cache_clear()
    yield monkeypatch
    aws._make.cache_clear()


def subscribed(email: Message) -> str:
    """The ARN of the subscription of an e-mail's address at AWS's stand-in, which confirms it at once."""
    topic = sns_subscription.make_topic(email.recipient, email.address)
    return sns_subscription.subscribe(topic, email.address)
