"""Exceptions in the log: the type and the traceback, and never the message, which may quote a row or a number."""

import sys
import threading
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import psycopg
import structlog
from django.core.exceptions import DisallowedHost
from structlog.typing import EventDict, WrappedLogger

log = structlog.get_logger(__name__)


def foreign_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Format another library's line, unless one of its arguments is an exception: then keep the template."""
    given = event.pop("positional_args", None) or ()
    values = given.values() if isinstance(given, Mapping) else given
    if given and not event.get("exc_info") and not any(isinstance(value, BaseException) for value in values):
        event["event"] %= given
    return event


def exception_without_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the type and traceback of the exception and its causes, innermost frame last."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        chain = _chain(error)
        event["exception"] = [_describe(each) for each in chain]
        for text in filter(None, (how(each) for each in chain for how in (repr, str))):
            event["event"] = str(event["event"]).replace(text, "…")
    return event


def exception_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For a console: one line for each frame."""
    if isinstance(event.get("exception"), list):
        lines = [
            line for each in event["exception"] for line in (each["type"], *each["at"], each.get("message"))
        ]
        event["exception"] = "\n".join(filter(None, lines))
    return event


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return chain


def _describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    kind = type(error)
    described: dict[str, Any] = {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if _is_harmless(error):
        described["message"] = str(error)
    return described


def _is_harmless(error: BaseException) -> bool:
    """Whether the message is about a connection or a host name, so it quotes nothing that was sent or stored."""
    no_connection = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return no_connection or isinstance(error, DisallowedHost)


def log_uncaught(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    """`sys.excepthook`: log the exception that ends a process like any other."""
    if isinstance(error, Exception):
        log.critical("process.failed", exc_info=error)
    else:
        sys.__excepthook__(kind, error, frames)


def log_uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    """`threading.excepthook`: log the exception that ends a thread. The process goes on."""
    if isinstance(ended.exc_value, Exception):
        log.error("thread.failed", exc_info=ended.exc_value)
