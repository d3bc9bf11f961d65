"""The only module that calls AWS: boto3's clients, and what their errors mean for a telephone.

boto3's own retries are off, because they hide repeats: one hung `sns.publish` made three POSTs. The delivery engine
retries instead, and each retry is a row. A call takes 13 s at most: 3 to connect, 10 to read.
"""

import os
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http import HTTPStatus
from traceback import walk_tb
from types import CodeType
from typing import TYPE_CHECKING, Any, Literal, overload

from botocore import exceptions

from alerts.channels.base import ChannelError, Fault
from alerts.states import Reason

if TYPE_CHECKING:
    from mypy_boto3_connect import ConnectClient
    from mypy_boto3_sns import SNSClient

Looking = Literal["sts", "iam", "kms", "cloudwatch", "service-quotas"]
"""Services that only answer questions: nothing is sent through them."""
Service = Literal["sns", "sqs", "connect"] | Looking
CONNECT_SECONDS = 3
READ_SECONDS = 10
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
LOOK_UP_SECONDS = 3
"""Seconds to wait for an answer that Bleep can do without."""

Meaning = tuple[Fault, Reason]
THROTTLED: Meaning = (Fault.THROTTLED, Reason.THROTTLED)
NOT_RECEIVED: Meaning = (Fault.UNSENT, Reason.UNREACHABLE)
INVALID_ADDRESS: Meaning = (Fault.REJECTED, Reason.INVALID_ADDRESS)
TOO_LONG: Meaning = (Fault.REJECTED, Reason.TOO_LONG)
INVALID_TEXT: Meaning = (Fault.REJECTED, Reason.INVALID_TEXT)
NOT_ALLOWED: Meaning = (Fault.REJECTED, Reason.NOT_ALLOWED)
REFUSED: Meaning = (Fault.REJECTED, Reason.REFUSED)
MISCONFIGURED: Meaning = (Fault.REJECTED, Reason.MISCONFIGURED)
ANSWER_LOST: Meaning = (Fault.UNKNOWN, Reason.ANSWER_LOST)

BY_CODE: dict[str, Meaning] = {
    "Throttling": THROTTLED,
    "ThrottlingException": THROTTLED,
    "ThrottledException": THROTTLED,
    "Throttled": THROTTLED,
    "TooManyRequestsException": THROTTLED,  # Connect sends this one, although its model does not list it
    "RequestLimitExceeded": THROTTLED,
    "KMSThrottling": THROTTLED,
    "KMSThrottlingException": THROTTLED,
    "LimitExceededException": (Fault.UNSENT, Reason.QUOTA),
    "RequestTimeout": NOT_RECEIVED,
    "RequestTimeoutException": NOT_RECEIVED,
    "ValidationError": REFUSED,
    "InvalidRequestException": REFUSED,
    "NotFound": REFUSED,
    "EndpointDisabled": REFUSED,
    "OptedOut": (Fault.REJECTED, Reason.OPTED_OUT),
    "DestinationNotAllowedException": NOT_ALLOWED,
    "OutboundContactNotPermittedException": NOT_ALLOWED,
    "ResourceNotFoundException": MISCONFIGURED,
    "QueueDoesNotExist": MISCONFIGURED,
    "AWS.SimpleQueueService.NonExistentQueue": MISCONFIGURED,
    "AuthorizationError": MISCONFIGURED,
    "AuthorizationErrorException": MISCONFIGURED,
    "ExpiredToken": MISCONFIGURED,
    "ExpiredTokenException": MISCONFIGURED,
    "InvalidClientTokenId": MISCONFIGURED,
    "UnrecognizedClientException": MISCONFIGURED,
    "OptInRequired": MISCONFIGURED,
    # A wrong secret, or a clock of this host that is minutes off. boto3 would correct that only in its own retries.
    "SignatureDoesNotMatch": MISCONFIGURED,
    "InvalidSignatureException": MISCONFIGURED,
    "RequestExpired": MISCONFIGURED,
    "RequestTimeTooSkewed": MISCONFIGURED,
    "InternalError": ANSWER_LOST,
    "InternalFailure": ANSWER_LOST,
    "InternalServiceException": ANSWER_LOST,
    "InternalServerError": ANSWER_LOST,
    "ServiceUnavailable": ANSWER_LOST,
    "ServiceUnavailableException": ANSWER_LOST,
}
"""Definite refusals, which lead to the next channel at once. `_meaning` adds AccessDenied* and KMS*."""

_ANSWERED_WITH_ERROR = frozenset(code for code, meaning in BY_CODE.items() if meaning == ANSWER_LOST)
"""AWS answered that it failed inside, so nobody knows how far it got."""

INVALID_PARAMETER = frozenset({"InvalidParameter", "InvalidParameterValue", "InvalidParameterException"})
"""SNS and Connect refuse a wrong number, a wrong text and a wrong setting with the same codes. Only the message tells:
"Invalid parameter: PhoneNumber Reason: +44… is not valid to publish to"."""
BY_PARAMETER: tuple[tuple[re.Pattern[str], Meaning], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (r"\bsource|sender ?id|origination|AWS\.(SNS|MM)|instance|flow|queue", MISCONFIGURED),
        (r"phone ?number|e-?mail address|endpoint", INVALID_ADDRESS),
        (r"too long", TOO_LONG),
        (r"message|subject|attributes", INVALID_TEXT),
    )
)
"""The first of these that is found in the message decides. After "Reason:" the message may quote an address or a
text."""

BY_STATUS: dict[int, Meaning] = {
    HTTPStatus.TOO_MANY_REQUESTS: THROTTLED,
    # "The server did not receive a complete request message", RFC 9110.
    HTTPStatus.REQUEST_TIMEOUT: NOT_RECEIVED,
}
"""For answers whose code does not tell."""

UNTRUSTED = (ssl.SSLCertVerificationError, FileNotFoundError, PermissionError)
"""Errors while connecting: the certificate is not trusted, or AWS_CA_BUNDLE cannot be read."""

_lock = threading.Lock()


@overload
def client(service: Literal["sns"], *, read_seconds: int = ...) -> "SNSClient": ...
@overload
def client(service: Literal["connect"], *, read_seconds: int = ...) -> "ConnectClient": ...
@overload
def client(service: Literal["sqs"], *, read_seconds: int = ...) -> Any: ...
@overload
def client(service: Looking, *, read_seconds: int = ...) -> Any: ...
def client(service: Service, *, read_seconds: int = READ_SECONDS) -> Any:
    """The process's client for a service, created on first use and shared by all threads.

    Raises:
        ChannelError: boto3 cannot create it: no such profile, no Region, a bad address. Nothing was sent.
    """
    with _lock:  # clients are thread-safe, creating them is not
        try:
            return _make(service, read_seconds)
        except Exception as error:  # noqa: BLE001 - botocore reports bad settings with many kinds of exception
            raise ChannelError(*MISCONFIGURED, type(error).__name__) from None


def prepare() -> None:
    """Load boto3 and its model of SNS, so that the first message need not wait for that."""
    with suppress(ChannelError):  # a message reports what is wrong
        client("sns")


@cache
def _make(service: Service, read_seconds: int) -> Any:
    # Only now, since most processes never send: boto3 takes 9 MB and half a second.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=50,
        user_agent_extra="bleep",
    )
    made = boto3.client(service, config=config)
    made.meta.events.register("before-parse.sns", _read_by_status)
    return made


@cache
def _connecting() -> frozenset[CodeType]:
    """The code that connects: name, socket, proxy tunnel, certificates, handshake. The request is written only after
    it has returned.
    """
    from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection  # noqa: PLC0415 - as in `_make`

    return frozenset({AWSHTTPConnection.connect.__code__, AWSHTTPSConnection.connect.__code__})


def _read_by_status(response_dict: dict[str, Any], **_: Any) -> None:
    """botocore drops the status of a response without XML, such as a proxy's. Give it an empty error document."""
    if response_dict["status_code"] in BY_STATUS and not response_dict["body"].lstrip().startswith(b"<"):
        response_dict["body"] = b"<ErrorResponse/>"


# A forked child must not share sockets with its parent.
os.register_at_fork(after_in_child=_make.cache_clear)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what boto3 raises into a ChannelError. The original is dropped, because it quotes addresses."""
    try:
        yield
    except exceptions.ClientError as error:
        translation = _translate_answer(error.response)
    except exceptions.BotoCoreError as error:
        translation = _translate_transport(error)
    else:
        return
    raise translation from None


def has_answered(code: str) -> bool:
    """Whether AWS answered with an error that leaves open how far it got. A bare number is the status of the answer."""
    return code in _ANSWERED_WITH_ERROR or code.isdecimal()


def _translate_answer(response: Any) -> ChannelError:
    problem = response.get("Error", {})
    code = str(problem.get("Code", ""))[:100]
    if code in INVALID_PARAMETER:
        return ChannelError(*_meaning_of_parameter(str(problem.get("Message", ""))), code)
    return ChannelError(*_meaning(code, response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)), code)


def _meaning_of_parameter(message: str) -> Meaning:
    """The reason of a refusal. If the message does not tell, the reason does not blame an address that may be right."""
    named = message.partition("Reason:")[0]
    return next((meaning for pattern, meaning in BY_PARAMETER if pattern.search(named)), REFUSED)


def _meaning(code: str, status: int) -> Meaning:
    if code in BY_CODE:
        return BY_CODE[code]
    if code.startswith(("AccessDenied", "KMS")):  # KMS errors other than throttling: a key we may not use
        return MISCONFIGURED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ANSWER_LOST
    return BY_STATUS.get(status, REFUSED)


def _translate_transport(error: exceptions.BotoCoreError) -> ChannelError:
    code = type(error).__name__
    match error:
        case exceptions.ConnectTimeoutError() | exceptions.EndpointConnectionError():
            return ChannelError(*NOT_RECEIVED, code)
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.NoRegionError()
            | exceptions.TokenRetrievalError()
        ):
            return ChannelError(*MISCONFIGURED, code)
        case exceptions.ParamValidationError():
            return ChannelError(*REFUSED, code)
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            return ChannelError(*_meaning_of_break(error), code)
        case _:
            # An error that is not known here counts as the worst case: the message may have been sent.
            return ChannelError(*ANSWER_LOST, code)


def _meaning_of_break(error: exceptions.BotoCoreError) -> Meaning:
    """What a broken connection means. It depends on when it broke, which botocore's exception names do not tell.

    A proxy that drops the connection after passing the request on raises ProxyConnectionError; a peer that disappears
    during the handshake raises SSLError, ConnectionClosedError or ReadTimeoutError. So look where the underlying errors
    were raised. Where that does not tell, the request may have left.
    """
    causes = list(_causes(error.kwargs.get("error")))
    if not any(
        frame.f_code in _connecting() for cause in causes for frame, _ in walk_tb(cause.__traceback__)
    ):
        return ANSWER_LOST
    return MISCONFIGURED if any(isinstance(cause, UNTRUSTED) for cause in causes) else NOT_RECEIVED


def _causes(error: object) -> Iterator[BaseException]:
    """The errors behind an error. Not its `__context__`, which may belong to an earlier request."""
    if isinstance(error, BaseException):
        yield error
        for part in (*error.args, error.__cause__):
            yield from _causes(part)
