"""The one place that knows boto3: its clients, and what its many errors mean for a telephone.

Retries are the delivery engine's, where each is a row: boto3's own are off, since they hide repeats (one hung
`sns.publish` made three POSTs). A call takes 13 s at most: 3 to connect and 10 to be answered.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore import exceptions
from botocore.config import Config

from alerts.channels.base import ChannelError, Fault
from alerts.states import Reason

if TYPE_CHECKING:
    from mypy_boto3_connect import ConnectClient
    from mypy_boto3_sns import SNSClient

Service = Literal["sns", "connect"]
CONNECT_SECONDS = 3
READ_SECONDS = 10
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
LOOK_UP_SECONDS = 3
"""To read the answer to a question that can be done without: nothing may wait long for it."""

THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "Throttled",
        "TooManyRequestsException",  # Connect sends this one though its model does not list it
        "RequestLimitExceeded",
        "KMSThrottling",
        "KMSThrottlingException",
    }
)
REJECTIONS: dict[str, Reason] = {
    "InvalidParameter": Reason.INVALID_ADDRESS,
    "InvalidParameterValue": Reason.INVALID_ADDRESS,
    "InvalidParameterException": Reason.INVALID_ADDRESS,
    "ValidationError": Reason.REFUSED,
    "InvalidRequestException": Reason.REFUSED,
    "NotFound": Reason.REFUSED,
    "EndpointDisabled": Reason.REFUSED,
    "OptedOut": Reason.OPTED_OUT,
    "DestinationNotAllowedException": Reason.NOT_ALLOWED,
    "OutboundContactNotPermittedException": Reason.NOT_ALLOWED,
    "ResourceNotFoundException": Reason.MISCONFIGURED,
    "AuthorizationError": Reason.MISCONFIGURED,
    "AuthorizationErrorException": Reason.MISCONFIGURED,
    "ExpiredToken": Reason.MISCONFIGURED,
    "ExpiredTokenException": Reason.MISCONFIGURED,
    "InvalidClientTokenId": Reason.MISCONFIGURED,
    "UnrecognizedClientException": Reason.MISCONFIGURED,
    "SignatureDoesNotMatch": Reason.MISCONFIGURED,
    "InvalidSignatureException": Reason.MISCONFIGURED,
    "OptInRequired": Reason.MISCONFIGURED,
}
"""Definite refusals by their code; the next channel is tried at once. AccessDenied* is added in `_translate_code`."""

INTERNAL = frozenset({"InternalError", "InternalFailure", "InternalServiceException", "InternalServerError"})
SERVER_ERROR = 500

_lock = threading.Lock()


@overload
def client(service: Literal["sns"], *, read_seconds: int = ...) -> "SNSClient": ...
@overload
def client(service: Literal["connect"], *, read_seconds: int = ...) -> "ConnectClient": ...
def client(service: Service, *, read_seconds: int = READ_SECONDS) -> Any:
    """The process's client for a service: made when first needed, shared by its threads.

    Raises:
        ChannelError: no Region is configured.
    """
    with _lock, translated():  # clients may be shared between threads, the making of one may not
        return _make(service, read_seconds)


@cache
def _make(service: Service, read_seconds: int) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=50,
        user_agent_extra="bleep",
    )
    return boto3.client(service, config=config)


# A forked child must not share sockets with its parent.
os.register_at_fork(after_in_child=_make.cache_clear)


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever boto3 raises within into a ChannelError; the original is dropped, since it quotes addresses."""
    try:
        yield
    except exceptions.ClientError as error:
        translation = _translate_answer(error.response)
    except exceptions.BotoCoreError as error:
        translation = _translate_transport(error)
    else:
        return
    raise translation from None


def _translate_answer(response: Any) -> ChannelError:
    code = str(response.get("Error", {}).get("Code", ""))[:100]
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in THROTTLING or code.startswith("KMSThrottling"):
        return ChannelError(Fault.THROTTLED, Reason.THROTTLED, code)
    if code == "LimitExceededException":
        return ChannelError(Fault.UNSENT, Reason.QUOTA, code)
    if code in REJECTIONS:
        return ChannelError(Fault.REJECTED, REJECTIONS[code], code)
    if code.startswith("AccessDenied"):
        return ChannelError(Fault.REJECTED, Reason.MISCONFIGURED, code)
    if code in INTERNAL or status >= SERVER_ERROR:
        return ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
    return ChannelError(Fault.REJECTED, Reason.REFUSED, code)


def _translate_transport(error: exceptions.BotoCoreError) -> ChannelError:
    code = type(error).__name__
    match error:
        case (
            exceptions.ReadTimeoutError()
            | exceptions.ConnectionClosedError()
            | exceptions.ResponseStreamingError()
        ):
            return ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
        case (
            exceptions.ConnectTimeoutError()
            | exceptions.EndpointConnectionError()
            | exceptions.ProxyConnectionError()
        ):
            return ChannelError(Fault.UNSENT, Reason.UNREACHABLE, code)
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.NoRegionError()
            | exceptions.TokenRetrievalError()
            | exceptions.SSLError()
        ):
            return ChannelError(Fault.REJECTED, Reason.MISCONFIGURED, code)
        case exceptions.ParamValidationError():
            return ChannelError(Fault.REJECTED, Reason.REFUSED, code)
        case exceptions.HTTPClientError():
            return ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
        case _:
            # Anything new is treated as the worst case: it may have been sent.
            return ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
