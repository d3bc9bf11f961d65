"""What each of AWS's errors means for a telephone: each row of the table, on each service that can send it."""

import ssl

import pytest
from botocore import exceptions
from botocore.stub import Stubber

from alerts.channels import ChannelError, Fault, Message, aws, connect_call, sns_sms
from alerts.states import Reason

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
def test_refusals_of_sns_are_told_apart(
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
def test_refusals_of_connect_are_told_apart(
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
