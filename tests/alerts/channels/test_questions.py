"""What the channels ask AWS before and after they send: opted out? picked up? And what they do without an answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from alerts.channels import (
    ChannelError,
    Fault,
    Message,
    Outcome,
    SendResult,
    aws,
    connect_call,
    sns_sms,
)
from alerts.states import Reason, ResponseKind

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OPTED_OUT = "check_if_phone_number_is_opted_out"
TOPICS = {"Topics": [{"TopicArn": "arn:aws:sns:eu-west-2:1:another"}]}


@pytest.fixture
def sns_look_up() -> Iterator[Stubber]:
    """The process's hurried SNS client, stubbed."""
    with Stubber(aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)) as stubber:
        yield stubber


@pytest.fixture
def connect_look_up() -> Iterator[Stubber]:
    """The process's hurried Connect client, stubbed."""
    with Stubber(aws.client("connect", read_seconds=aws.LOOK_UP_SECONDS)) as stubber:
        yield stubber


@pytest.fixture
def opted_out(message: Message) -> Message:
    """The same message, to a number that had opted out when SNS was last asked."""
    return replace(message, obstacle=Reason.OPTED_OUT)


@pytest.mark.parametrize("service", ["sns", "connect"])
def test_a_question_is_not_waited_for_as_long_as_a_call(service: aws.Service) -> None:
    hurried: Any = aws.client(service, read_seconds=aws.LOOK_UP_SECONDS).meta.config
    patient: Any = aws.client(service).meta.config

    assert hurried.read_timeout == 3 < patient.read_timeout
    assert hurried.retries["total_max_attempts"] == patient.retries["total_max_attempts"] == 1


def test_an_sms_to_a_number_that_opted_out_is_refused_since_sns_would_accept_and_drop_it(
    sns: Stubber, sns_look_up: Stubber, message: Message
) -> None:
    for _ in range(2):  # asked each time: the person may have opted in
        sns_look_up.add_response(OPTED_OUT, {"isOptedOut": True}, {"phoneNumber": message.address})

        with pytest.raises(ChannelError) as caught:
            sns_sms.send(message)

        assert (caught.value.fault, caught.value.reason) == (Fault.REJECTED, Reason.OPTED_OUT)


def test_that_a_number_takes_sms_is_kept_for_a_while(
    sns: Stubber, sns_look_up: Stubber, message: Message
) -> None:
    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": False})

    for number in range(2):
        sns.add_response("publish", {"MessageId": f"m-{number}"})
        assert sns_sms.send(message).address_works

    sns_look_up.assert_no_pending_responses()


def test_one_numbers_answer_is_not_taken_for_anothers(
    sns: Stubber, sns_look_up: Stubber, message: Message
) -> None:
    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": False})
    sns.add_response("publish", {"MessageId": "m-1"})
    sns_sms.send(message)
    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": True})

    with pytest.raises(ChannelError):
        sns_sms.send(replace(message, address="+447700900002"))


def test_a_number_that_had_opted_out_is_asked_about_whatever_this_process_remembers(
    sns: Stubber, sns_look_up: Stubber, message: Message, opted_out: Message
) -> None:
    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": False})
    sns.add_response("publish", {"MessageId": "m-1"})
    sns_sms.send(message)
    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": True})

    with pytest.raises(ChannelError):
        sns_sms.send(opted_out)


FAILED_QUESTIONS = pytest.mark.parametrize(
    ("code", "status"),
    [("Throttled", 429), ("InternalError", 500), ("AuthorizationError", 403), ("InvalidParameter", 400)],
)


@FAILED_QUESTIONS
def test_a_failed_question_does_not_hold_an_sms_back_and_is_asked_again_the_next_time(
    sns: Stubber, sns_look_up: Stubber, message: Message, code: str, status: int
) -> None:
    sns_look_up.add_client_error(OPTED_OUT, code, f"about {message.address}", status)
    sns.add_response("publish", {"MessageId": "m-1"})
    assert sns_sms.send(message) == SendResult("m-1", address_works=False)

    sns_look_up.add_response(OPTED_OUT, {"isOptedOut": True})
    with pytest.raises(ChannelError):
        sns_sms.send(message)


@FAILED_QUESTIONS
def test_an_opted_out_number_is_not_sent_to_if_the_look_up_fails(
    sns: Stubber, sns_look_up: Stubber, opted_out: Message, code: str, status: int
) -> None:
    sns_look_up.add_client_error(OPTED_OUT, code, f"about {opted_out.address}", status)

    with pytest.raises(ChannelError) as caught:
        sns_sms.send(opted_out)

    assert caught.value.fault is not Fault.UNKNOWN  # nothing was sent: that is certain


@pytest.mark.parametrize(("opted_out", "reason"), [(True, Reason.OPTED_OUT), (False, None)])
def test_staff_see_whether_a_number_has_opted_out(
    sns_look_up: Stubber, message: Message, opted_out: bool, reason: Reason | None
) -> None:
    for _ in range(2):  # asked each time: the clinician may be opting in while staff look
        sns_look_up.add_response(OPTED_OUT, {"isOptedOut": opted_out}, {"phoneNumber": message.address})

        assert sns_sms.check_address(message.recipient, message.address) is reason


def test_without_an_answer_nothing_is_claimed(sns_look_up: Stubber, message: Message) -> None:
    sns_look_up.add_client_error(OPTED_OUT, "Throttled", "", 429)

    with pytest.raises(ChannelError):
        sns_sms.check_address(message.recipient, message.address)


def describe(connect_look_up: Stubber, settings: Any, **contact: Any) -> Outcome:
    """What a call has come to where Connect describes it so."""
    expected = {"InstanceId": settings.CONNECT_INSTANCE_ID, "ContactId": "c-1"}
    connect_look_up.add_response("describe_contact", {"Contact": contact}, expected)
    return connect_call.ask("c-1")


def test_a_call_that_was_picked_up_is_delivered(connect_look_up: Stubber, settings: Any) -> None:
    assert describe(connect_look_up, settings, ConnectedToSystemTimestamp=NOW) == Outcome(delivered=True)


def test_a_call_that_was_picked_up_and_ended_is_delivered(connect_look_up: Stubber, settings: Any) -> None:
    ended = {"DisconnectTimestamp": NOW, "DisconnectReason": "CUSTOMER_DISCONNECT"}

    outcome = describe(connect_look_up, settings, ConnectedToSystemTimestamp=NOW, Attributes={}, **ended)

    assert outcome == Outcome(delivered=True, ended=True)


@pytest.mark.parametrize(
    ("key", "answer"),
    [("1", ResponseKind.ACCEPT), ("2", ResponseKind.DECLINE), ("3", None), ("", None)],
)
def test_the_key_that_was_pressed_is_in_an_attribute(
    connect_look_up: Stubber, settings: Any, key: str, answer: ResponseKind | None
) -> None:
    picked_up = {"ConnectedToSystemTimestamp": NOW, "LastUpdateTimestamp": NOW}

    outcome = describe(connect_look_up, settings, Attributes={"Response": key}, **picked_up)

    assert outcome == Outcome(delivered=True, answer=answer, answered_at=NOW if answer else None)


def test_where_the_answer_has_no_attributes_they_are_asked_for_once_the_call_has_ended(
    connect_look_up: Stubber, settings: Any
) -> None:
    settings.CONNECT_INSTANCE_ID = "i-1"
    contact = {"ConnectedToSystemTimestamp": NOW, "DisconnectTimestamp": NOW}
    connect_look_up.add_response("describe_contact", {"Contact": contact})
    connect_look_up.add_response(
        "get_contact_attributes",
        {"Attributes": {"Response": "1"}},
        {"InstanceId": "i-1", "InitialContactId": "c-1"},
    )

    assert connect_call.ask("c-1") == Outcome(delivered=True, answer=ResponseKind.ACCEPT, ended=True)


def test_a_call_that_wants_an_answer_and_ended_without_is_asked_about_once_more(
    connect_look_up: Stubber, settings: Any
) -> None:
    """The record may have the end before it has the key, and nobody asks again."""
    contact = {
        "ConnectedToSystemTimestamp": NOW,
        "DisconnectTimestamp": NOW,
        "Attributes": {"Answer": "wanted"},
    }
    connect_look_up.add_response("describe_contact", {"Contact": contact})
    key = {"Attributes": {"Answer": "wanted", "Response": "2"}}
    connect_look_up.add_response("get_contact_attributes", key)

    assert connect_call.ask("c-1") == Outcome(delivered=True, answer=ResponseKind.DECLINE, ended=True)
    connect_look_up.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("TELECOM_BUSY", Reason.BUSY),
        ("TELECOM_TIMEOUT", Reason.NOT_ANSWERED),
        ("TELECOM_REJECTED", Reason.NOT_ANSWERED),
        ("TELECOM_ORIGINATOR_CANCEL", Reason.NOT_ANSWERED),
        ("EXPIRED", Reason.NOT_ANSWERED),
        ("TELECOM_NUMBER_INVALID", Reason.CALL_FAILED),
        ("TELECOM_PROBLEM", Reason.CALL_FAILED),
        ("SOMETHING_NEW", Reason.CALL_FAILED),
        (None, Reason.CALL_FAILED),
    ],
)
def test_a_call_that_ended_without_being_picked_up_is_not(
    connect_look_up: Stubber, settings: Any, why: str | None, reason: Reason
) -> None:
    ended = {"DisconnectTimestamp": NOW, **({"DisconnectReason": why} if why else {})}

    assert describe(connect_look_up, settings, **ended) == Outcome(undelivered=reason, ended=True)


def test_a_call_that_rings_is_neither(connect_look_up: Stubber, settings: Any) -> None:
    assert describe(connect_look_up, settings, InitiationTimestamp=NOW) == Outcome()


def test_an_error_says_nothing_about_the_outcome(connect_look_up: Stubber) -> None:
    connect_look_up.add_client_error("describe_contact", "ThrottlingException", http_status_code=429)

    with pytest.raises(ChannelError):
        connect_call.ask("c-1")
