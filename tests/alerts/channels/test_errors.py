"""What each of AWS's errors means for a telephone: each row of the table, on each service that can send it."""

import os
import socket
import ssl
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.stub import Stubber

from alerts.channels import ChannelError, Fault, Message, SendResult, aws, connect_call, sns_sms
from alerts.states import Reason
from tests.conftest import Aws

NUMBER = "+447700900001"
INVALID_NUMBER = f"Invalid parameter: PhoneNumber Reason: {NUMBER} is not valid to publish to"
"""As SNS says it: https://github.com/boto/boto3/issues/2195."""


def sms_failing_with(
    stub: Stubber, message: Message, code: str, status: int, said: str = INVALID_NUMBER
) -> ChannelError:
    """The ChannelError that an SMS comes to when SNS answers with a code."""
    stub.add_client_error("publish", code, said, status)
    with pytest.raises(ChannelError) as caught:
        sns_sms.send(message)
    return caught.value


def call_failing_with(
    stub: Stubber, message: Message, code: str, status: int, said: str = f"Invalid phone number {NUMBER}"
) -> ChannelError:
    """The ChannelError that a call comes to when Connect answers with a code."""
    stub.add_client_error("start_outbound_voice_contact", code, said, status)
    with pytest.raises(ChannelError) as caught:
        connect_call.send(message)
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "fault", "reason"),
    [
        ("Throttling", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("ThrottlingException", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("Throttled", 429, Fault.THROTTLED, Reason.THROTTLED),
        ("KMSThrottling", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("KMSThrottlingException", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("ThrottledException", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("RequestLimitExceeded", 503, Fault.THROTTLED, Reason.THROTTLED),
        ("SomethingNew", 429, Fault.THROTTLED, Reason.THROTTLED),
        ("RequestTimeout", 400, Fault.UNSENT, Reason.UNREACHABLE),
        ("SomethingNew", 408, Fault.UNSENT, Reason.UNREACHABLE),
        ("InternalError", 500, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("InternalFailure", 500, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("ServiceUnavailable", 503, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("InvalidParameter", 400, Fault.REJECTED, Reason.INVALID_ADDRESS),
        ("InvalidParameterValue", 400, Fault.REJECTED, Reason.INVALID_ADDRESS),
        ("ValidationError", 400, Fault.REJECTED, Reason.REFUSED),
        ("NotFound", 404, Fault.REJECTED, Reason.REFUSED),
        ("EndpointDisabled", 400, Fault.REJECTED, Reason.REFUSED),
        ("OptedOut", 400, Fault.REJECTED, Reason.OPTED_OUT),
        ("AuthorizationError", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("AccessDenied", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("KMSDisabled", 400, Fault.REJECTED, Reason.MISCONFIGURED),
        ("KMSAccessDenied", 400, Fault.REJECTED, Reason.MISCONFIGURED),
        ("ExpiredToken", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("InvalidClientTokenId", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("OptInRequired", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("SignatureDoesNotMatch", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("RequestExpired", 400, Fault.REJECTED, Reason.MISCONFIGURED),
        ("RequestTimeTooSkewed", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("SomethingNew", 400, Fault.REJECTED, Reason.REFUSED),
        ("SomethingNew", 502, Fault.UNKNOWN, Reason.ANSWER_LOST),
    ],
)
def test_an_answer_of_sns(
    sns: Stubber, message: Message, code: str, status: int, fault: Fault, reason: Reason
) -> None:
    error = sms_failing_with(sns, message, code, status)

    assert (error.fault, error.reason, error.code) == (fault, reason, code)


@pytest.mark.parametrize(
    ("code", "status", "fault", "reason"),
    [
        ("TooManyRequestsException", 429, Fault.THROTTLED, Reason.THROTTLED),
        ("ThrottlingException", 429, Fault.THROTTLED, Reason.THROTTLED),
        ("Throttling", 400, Fault.THROTTLED, Reason.THROTTLED),
        ("SomethingNew", 429, Fault.THROTTLED, Reason.THROTTLED),
        ("LimitExceededException", 429, Fault.UNSENT, Reason.QUOTA),
        ("RequestTimeoutException", 408, Fault.UNSENT, Reason.UNREACHABLE),
        ("SomethingNew", 408, Fault.UNSENT, Reason.UNREACHABLE),
        ("InternalServiceException", 500, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("InternalServerError", 500, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("SomethingNew", 503, Fault.UNKNOWN, Reason.ANSWER_LOST),
        ("InvalidRequestException", 400, Fault.REJECTED, Reason.REFUSED),
        ("InvalidParameterException", 400, Fault.REJECTED, Reason.INVALID_ADDRESS),
        ("DestinationNotAllowedException", 403, Fault.REJECTED, Reason.NOT_ALLOWED),
        ("OutboundContactNotPermittedException", 403, Fault.REJECTED, Reason.NOT_ALLOWED),
        ("ResourceNotFoundException", 404, Fault.REJECTED, Reason.MISCONFIGURED),
        ("AccessDeniedException", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("AuthorizationErrorException", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("ExpiredTokenException", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("UnrecognizedClientException", 403, Fault.REJECTED, Reason.MISCONFIGURED),
        ("InvalidSignatureException", 403, Fault.REJECTED, Reason.MISCONFIGURED),
    ],
)
def test_an_answer_of_connect(
    connect: Stubber, message: Message, code: str, status: int, fault: Fault, reason: Reason
) -> None:
    error = call_failing_with(connect, message, code, status)

    assert (error.fault, error.reason, error.code) == (fault, reason, code)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (INVALID_NUMBER, Reason.INVALID_ADDRESS),
        ("Invalid SMS endpoint: 07700", Reason.INVALID_ADDRESS),
        ("Invalid parameter: Email address", Reason.INVALID_ADDRESS),
        ("Invalid parameter: Message too long", Reason.TOO_LONG),
        ("Invalid parameter: Empty message", Reason.INVALID_TEXT),
        ("Invalid parameter: Message Reason: no phone number and no endpoint in it", Reason.INVALID_TEXT),
        ("Invalid parameter: Subject", Reason.INVALID_TEXT),
        ("The message attribute AWS.SNS.SMS.MaxPrice has an invalid value", Reason.MISCONFIGURED),
        ("Invalid parameter: SenderID", Reason.MISCONFIGURED),
        ("Invalid parameter: TargetArn", Reason.REFUSED),
        ("", Reason.REFUSED),
    ],
)
@pytest.mark.parametrize("code", ["InvalidParameter", "InvalidParameterValue"])
def test_what_sns_refused_is_told_apart(
    sns: Stubber, message: Message, code: str, said: str, reason: Reason
) -> None:
    error = sms_failing_with(sns, message, code, 400, said)

    assert (error.fault, error.reason) == (Fault.REJECTED, reason)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("DestinationPhoneNumber must be a phone number in E.164 format.", Reason.INVALID_ADDRESS),
        ("SourcePhoneNumber must be a phone number in E.164 format.", Reason.MISCONFIGURED),
        ("InstanceId is not valid", Reason.MISCONFIGURED),
        ("Attributes exceed 32768 bytes.", Reason.INVALID_TEXT),
        ("RingTimeoutInSeconds is above the maximum of 60.", Reason.REFUSED),
    ],
)
def test_what_connect_refused_is_told_apart(
    connect: Stubber, message: Message, said: str, reason: Reason
) -> None:
    error = call_failing_with(connect, message, "InvalidParameterException", 400, said)

    assert (error.fault, error.reason) == (Fault.REJECTED, reason)


@pytest.mark.parametrize(
    ("error", "fault", "reason"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="u"), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.ConnectionClosedError(endpoint_url="u"), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.HTTPClientError(error="e"), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.BotoCoreError(), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.ConnectTimeoutError(endpoint_url="u"), Fault.UNSENT, Reason.UNREACHABLE),
        (exceptions.EndpointConnectionError(endpoint_url="u"), Fault.UNSENT, Reason.UNREACHABLE),
        # Of these two it must be known when they happened; see test_connections.
        (exceptions.ProxyConnectionError(proxy_url="u"), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.SSLError(endpoint_url="u", error=ssl.SSLError()), Fault.UNKNOWN, Reason.ANSWER_LOST),
        (exceptions.NoCredentialsError(), Fault.REJECTED, Reason.MISCONFIGURED),
        (
            exceptions.PartialCredentialsError(provider="p", cred_var="v"),
            Fault.REJECTED,
            Reason.MISCONFIGURED,
        ),
        (
            exceptions.CredentialRetrievalError(provider="p", error_msg="e"),
            Fault.REJECTED,
            Reason.MISCONFIGURED,
        ),
        (
            exceptions.TokenRetrievalError(provider="p", error_msg="e"),
            Fault.REJECTED,
            Reason.MISCONFIGURED,
        ),
        (exceptions.NoRegionError(), Fault.REJECTED, Reason.MISCONFIGURED),
        (exceptions.ParamValidationError(report="r"), Fault.REJECTED, Reason.REFUSED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_the_transport(error: Exception, fault: Fault, reason: Reason) -> None:
    with pytest.raises(ChannelError) as caught, aws.translated():
        raise error

    assert (caught.value.fault, caught.value.reason) == (fault, reason)


def test_an_error_of_ours_is_not_taken_for_one_of_aws() -> None:
    with pytest.raises(KeyError), aws.translated():
        raise KeyError


def test_no_word_of_the_providers_stays_in_the_error(sns: Stubber, message: Message) -> None:
    error = sms_failing_with(sns, message, "InvalidParameter", 400)

    assert NUMBER not in f"{error} {error!r} {vars(error)}"
    assert error.__cause__ is None
    assert error.__suppress_context__


Publish = Callable[[str], None]


@pytest.fixture
def publish() -> Publish:
    """An SMS to an address by a stock client that does not wait long, so that time-outs can be seen."""

    def send(url: str) -> None:
        config = Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1})
        with aws.translated():
            boto3.client("sns", endpoint_url=url, config=config).publish(PhoneNumber=NUMBER, Message="x")

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
