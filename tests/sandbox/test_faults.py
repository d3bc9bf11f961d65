"""Faults as stock boto3 sees them, and whether the message was accepted nevertheless."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.aws.server import AwsServer
from tests.sandbox.conftest import CLINICIAN, COLLEAGUE, INBOX, INSTANCE, SWITCHBOARD, AwsClients

SHORT = 0.25
LONG = 600


def publish(aws: AwsClients, *, read_timeout: float | None = None) -> None:
    client = boto3.client("sns", **aws.settings(read_timeout=read_timeout)) if read_timeout else aws.sns
    client.publish(PhoneNumber=CLINICIAN, Message="Hello")


def ring(aws: AwsClients, *, read_timeout: float | None = None) -> None:
    client = (
        boto3.client("connect", **aws.settings(read_timeout=read_timeout)) if read_timeout else aws.connect
    )
    client.start_outbound_voice_contact(
        DestinationPhoneNumber=CLINICIAN,
        ContactFlowId="flow",
        InstanceId=INSTANCE,
        SourcePhoneNumber=SWITCHBOARD,
        Attributes={"Message": "Hello"},
    )


PUBLISH, RING = "sns:Publish", "connect:StartOutboundVoiceContact"
BOTH = pytest.mark.parametrize(("operation", "act"), [(PUBLISH, publish), (RING, ring)])
Act = Callable[..., None]


def error_of(act: Act, aws: AwsClients) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        act(aws)
    answered = error.value.response
    return answered["Error"]["Code"], answered["ResponseMetadata"]["HTTPStatusCode"]


def test_each_service_throttles_in_its_own_words(aws: AwsClients) -> None:
    aws.misbehave("*", "throttle", times=2)
    assert error_of(publish, aws) == ("Throttling", 400)
    assert error_of(ring, aws) == ("TooManyRequestsException", 429)
    assert aws.messages() == []
    publish(aws)
    assert aws.texts() == ["Hello"]


def test_an_error_accepts_nothing(aws: AwsClients) -> None:
    aws.misbehave("*", "error")
    assert error_of(publish, aws) == ("InternalError", 500)
    assert error_of(ring, aws) == ("InternalServiceException", 500)
    assert aws.messages() == []


@BOTH
def test_an_error_after_has_accepted(aws: AwsClients, operation: str, act: Act) -> None:
    aws.misbehave(operation, "error_after")
    assert error_of(act, aws)[1] == 500
    assert aws.texts() == ["Hello"]


def test_an_error_after_still_refuses_what_the_service_refuses(aws: AwsClients) -> None:
    aws.misbehave(PUBLISH, "error_after")
    with pytest.raises(ClientError, match="InvalidParameter"):
        aws.sns.publish(PhoneNumber="nobody", Message="Hello")
    assert aws.messages() == []


def test_a_rejection_has_the_code_of_the_service_or_the_one_asked_for(aws: AwsClients) -> None:
    aws.misbehave("*", "reject", times=2)
    assert error_of(publish, aws) == ("InvalidParameter", 400)
    assert error_of(ring, aws) == ("DestinationNotAllowedException", 403)
    aws.misbehave("sns:Publish", "reject", times=1, code="AuthorizationError")
    assert error_of(publish, aws) == ("AuthorizationError", 403)
    aws.misbehave("connect:*", "reject", times=1, code="LimitExceededException")
    assert error_of(ring, aws) == ("LimitExceededException", 429)
    aws.misbehave("*", "reject", times=1, code="ExpiredTokenException")
    assert error_of(ring, aws) == ("ExpiredTokenException", 403)
    assert aws.messages() == []


@BOTH
def test_a_hang_before_times_out_and_has_accepted_nothing(aws: AwsClients, operation: str, act: Act) -> None:
    aws.misbehave(operation, "hang_before", times=1, seconds=LONG)
    with pytest.raises(ReadTimeoutError):
        act(aws, read_timeout=SHORT)
    assert aws.messages() == []


@BOTH
def test_a_hang_after_times_out_and_has_accepted(aws: AwsClients, operation: str, act: Act) -> None:
    aws.misbehave(operation, "hang_after", times=1, seconds=LONG)
    with pytest.raises(ReadTimeoutError):
        act(aws, read_timeout=SHORT)
    assert aws.texts() == ["Hello"]


@BOTH
def test_a_hang_ends_with_the_connection_dropped(aws: AwsClients, operation: str, act: Act) -> None:
    aws.misbehave(operation, "hang_before", seconds=0)
    with pytest.raises(ConnectionClosedError):
        act(aws)
    assert aws.messages() == []


@BOTH
def test_a_reset_after_closes_the_connection_and_has_accepted(
    aws: AwsClients, operation: str, act: Act
) -> None:
    aws.misbehave(operation, "reset_after")
    with pytest.raises(ConnectionClosedError):
        act(aws)
    assert aws.texts() == ["Hello"]


def test_a_lost_answer_and_the_same_token_again_ring_once(aws: AwsClients) -> None:
    aws.misbehave(RING, "reset_after", times=1)
    with pytest.raises(ConnectionClosedError):
        aws.ring(ClientToken="lost")
    contact_id = aws.ring(ClientToken="lost")
    assert [message["provider_id"] for message in aws.messages()] == [contact_id]


@BOTH
def test_a_delay_holds_the_answer_and_then_all_is_normal(aws: AwsClients, operation: str, act: Act) -> None:
    aws.misbehave(operation, "delay", times=1, seconds=LONG)
    with pytest.raises(ReadTimeoutError):
        act(aws, read_timeout=SHORT)
    assert aws.messages() == []
    aws.misbehave(operation, "delay", times=1, seconds=0.01)
    act(aws)
    assert aws.texts() == ["Hello"]


def test_a_held_connection_blocks_no_other(aws: AwsClients) -> None:
    aws.misbehave(PUBLISH, "hang_before", to=CLINICIAN, seconds=LONG)
    with pytest.raises(ReadTimeoutError):
        publish(aws, read_timeout=SHORT)
    aws.sns.publish(PhoneNumber=COLLEAGUE, Message="Unhindered")
    assert aws.texts() == ["Unhindered"]


def test_the_server_stops_at_once_in_spite_of_held_connections() -> None:
    with ThreadPoolExecutor(1) as thread:
        with AwsServer() as server:
            own = AwsClients(server.url)
            own.misbehave(PUBLISH, "hang_before", seconds=LONG)
            held: Future[None] = thread.submit(publish, own, read_timeout=LONG)
            while own.get("/faults").json()[0]["met"] == 0:
                assert not held.done()
        with pytest.raises(ConnectionClosedError):
            held.result(timeout=10)


class TestWhomAFaultMeets:
    """Faults are limited by operation, recipient, count and probability."""

    def test_an_operation_of_its_own(self, aws: AwsClients) -> None:
        aws.misbehave("sns:CreateTopic", "error")
        publish(aws)
        with pytest.raises(ClientError):
            aws.sns.create_topic(Name="unlucky")

    def test_all_of_one_service(self, aws: AwsClients) -> None:
        aws.misbehave("sns:*", "error")
        ring(aws)
        with pytest.raises(ClientError):
            publish(aws)
        with pytest.raises(ClientError):
            aws.sns.list_topics()

    def test_operations_that_only_moto_answers(self, aws: AwsClients) -> None:
        aws.misbehave("connect:*", "throttle", times=1)
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            aws.connect.list_instances()

    def test_one_number(self, aws: AwsClients) -> None:
        aws.misbehave("*", "error", to=COLLEAGUE)
        publish(aws)
        ring(aws)
        with pytest.raises(ClientError):
            aws.sns.publish(PhoneNumber=COLLEAGUE, Message="Hello")
        with pytest.raises(ClientError):
            aws.ring(COLLEAGUE)

    def test_the_call_to_one_number_when_it_is_looked_up(self, aws: AwsClients) -> None:
        contact_id, other_id = aws.ring(COLLEAGUE), aws.ring(CLINICIAN)
        aws.misbehave("connect:DescribeContact", "error", to=COLLEAGUE)
        aws.connect.describe_contact(InstanceId=INSTANCE, ContactId=other_id)
        with pytest.raises(ClientError):
            aws.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact_id)

    def test_one_inbox(self, aws: AwsClients, topic: str) -> None:
        aws.misbehave(PUBLISH, "error", to=INBOX)
        publish(aws)
        with pytest.raises(ClientError):
            aws.sns.publish(TopicArn=topic, Message="Hello")

    def test_a_number_of_times_and_then_it_is_gone(self, aws: AwsClients) -> None:
        assert aws.misbehave(PUBLISH, "error", times=2)["left"] == 2
        for left in ([1], []):
            with pytest.raises(ClientError):
                publish(aws)
            assert [fault["left"] for fault in aws.get("/faults").json()] == left
        publish(aws)

    def test_without_a_limit_until_cleared(self, aws: AwsClients) -> None:
        aws.misbehave(PUBLISH, "error", times=None)
        for _ in range(3):
            with pytest.raises(ClientError):
                publish(aws)
        assert aws.delete("/faults").status_code == 204
        assert aws.get("/faults").json() == []
        publish(aws)

    def test_the_oldest_first(self, aws: AwsClients) -> None:
        aws.misbehave(PUBLISH, "throttle", times=1)
        aws.misbehave(PUBLISH, "error", times=1)
        assert [error_of(publish, aws)[0] for _ in range(2)] == ["Throttling", "InternalError"]

    def test_an_outcome_and_a_lost_answer_at_once(self, aws: AwsClients) -> None:
        aws.misbehave(RING, "busy", times=1)
        aws.misbehave(RING, "error_after", times=1)
        assert error_of(ring, aws)[1] == 500
        assert [message["outcome"] for message in aws.messages(missed="true")] == ["busy"]

    def test_the_same_seed_gives_the_same_faults(self, aws: AwsClients) -> None:
        def throws() -> list[bool]:
            aws.delete("/faults")
            aws.delete("/messages")
            aws.misbehave(PUBLISH, "error", probability=0.5, seed=7)
            struck = []
            for _ in range(12):
                before = len(aws.messages())
                with suppress(ClientError):
                    aws.sns.publish(PhoneNumber=CLINICIAN, Message="Hello")
                struck.append(len(aws.messages()) == before)
            return struck

        first = throws()
        assert set(first) == {True, False}
        assert throws() == first

    @pytest.mark.parametrize(("probability", "arrived"), [(0, 3), (1, 0)])
    def test_never_and_always(self, aws: AwsClients, probability: int, arrived: int) -> None:
        aws.misbehave(PUBLISH, "hang_before", seconds=0, probability=probability)
        for _ in range(3):
            with suppress(ConnectionClosedError):
                publish(aws)
        assert len(aws.messages()) == arrived


GOOD = {"operation": PUBLISH, "kind": "throttle"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "'operation'"),
        ({}, "'operation'"),
        ({"operation": PUBLISH}, "'kind'"),
        ({"kind": "throttle"}, "'operation'"),
        (GOOD | {"operation": "s3:PutObject"}, "'operation'"),
        (GOOD | {"operation": "sns:Publsh"}, "'operation'"),
        (GOOD | {"operation": "connect:ListUsers"}, "'operation'"),
        (GOOD | {"operation": 5}, "'operation'"),
        (GOOD | {"kind": "explode"}, "'kind'"),
        (GOOD | {"kind": ["throttle"]}, "'kind'"),
        (GOOD | {"times": 0}, "'times'"),
        (GOOD | {"times": 1.5}, "'times'"),
        (GOOD | {"times": True}, "'times'"),
        (GOOD | {"to": ""}, "'to'"),
        (GOOD | {"to": 447700900123}, "'to'"),
        (GOOD | {"seconds": -1}, "'seconds'"),
        ({"operation": RING, "kind": "twice"}, "'operation'"),
        (GOOD | {"seconds": "1"}, "'seconds'"),
        (GOOD | {"seconds": 1e9}, "'seconds'"),
        (GOOD | {"probability": 1.01}, "'probability'"),
        (GOOD | {"seed": 1}, "'seed'"),
        (GOOD | {"probability": 0.5, "seed": "x"}, "'seed'"),
        (GOOD | {"code": "OptedOut"}, "'code'"),
        (GOOD | {"kind": "reject", "code": "no code"}, "'code'"),
        (GOOD | {"kind": "busy"}, "'operation'"),
        ({"operation": RING, "kind": "pending"}, "'operation'"),
        (GOOD | {"tiems": 3}, "'tiems'"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence_that_names_the_field(
    aws: AwsClients, body: Any, named: str
) -> None:
    response = aws.post("/faults", body)
    assert response.status_code == 400
    assert named in response.text
    assert response.text.strip().endswith(".")
    assert aws.get("/faults").json() == []


def test_a_fault_that_is_not_json_is_refused(aws: AwsClients) -> None:
    response = aws.post("/faults", None)
    assert response.status_code == 400
