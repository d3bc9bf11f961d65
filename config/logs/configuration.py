"""Logs: one line of JSON for each event, with the ids of request, alert, delivery and attempt.

A line must not contain an address, a message text or a patient reference. So a request is logged with its route instead
of its path, and an exception with its type and traceback instead of its message: database errors quote rows, and
provider errors quote phone numbers.
"""

import logging.config
import re
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any

import psycopg
import structlog
from django.core.exceptions import DisallowedHost
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from config import database, outages

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
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


SHARED: list[Processor] = [
    merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    exception_without_message,
]


def logging_config(*, level: str, style: str) -> dict[str, Any]:
    """Django's LOGGING: every logger goes through one formatter to standard error.

    `style` is `json`, or `console` for a terminal.
    """
    render: list[Processor] = (
        [structlog.processors.JSONRenderer()]
        if style == "json"
        else [exception_as_text, structlog.dev.ConsoleRenderer(colors=False)]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                # Keeps template and arguments apart, for `foreign_text`.
                "use_get_message": False,
                "pass_foreign_args": True,
                "foreign_pre_chain": [foreign_text, *SHARED],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "filters": {"failure": {"()": RequestFailure}, "redis_away": {"()": RedisAway}},
        "loggers": {
            # At DEBUG these log whole requests, with phone numbers and texts.
            "boto3": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            "django.db.backends": {"level": "WARNING"},
            # These lose their own handlers, so that each event is one line in one format.
            "django": {"level": level},
            "django.server": {"level": "ERROR", "propagate": True},
            "_granian": {"level": level, "propagate": True},
            # These lines contain paths. RequestTelemetry logs requests, so only exceptions are kept from here.
            "django.request": {"level": "ERROR", "filters": ["failure"]},
            "celery.worker.consumer.consumer": {"filters": ["redis_away"]},
            "kombu.asynchronous.hub": {"filters": ["redis_away"]},
            # Two lines for each task, which say less than `attempt.sent`.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


class RequestFailure(logging.Filter):
    """Keeps the exception of a failed request, without the path. Drops lines about an error status."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = "request.failed", ()
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Error) and isinstance(error, database.AWAY):
            outages.DATABASE.failed(error, database.cause(error))
            return False
        return error is not None


class RedisAway(logging.Filter):
    """Drops the lines that Celery and kombu repeat while a worker cannot use Redis: `outages.REDIS` logs that once."""

    TEMPLATES = ("consumer: Cannot connect to", "Frequent restarts detected", "%s (%r)")
    """The beginnings of these lines; the last is for a lost connection."""
    TIMER = "Error in timer"

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        # By name: most processes do not load Redis' library.
        is_of_redis = error is not None and type(error).__module__.startswith("redis.")
        is_of_a_timer = is_of_redis and str(record.msg).startswith(self.TIMER)
        if not is_of_a_timer and not str(record.msg).startswith(self.TEMPLATES):
            return True
        outages.REDIS.failed(None, "Redis does not answer, or refuses.")
        return False


def configure(config: dict[str, Any]) -> None:
    """Set up Django's logging (`LOGGING_CONFIG`), and structlog on top of it."""
    logging.config.dictConfig(config)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


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


class RequestTelemetry:
    """Gives each request an id (the caller's `X-Request-ID` if it is a plain word), and logs one line when it ends."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        bind_contextvars(request_id=request_id)
        started = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        route = request.resolver_match.route if request.resolver_match else "(none)"
        milliseconds = round((time.monotonic() - started) * 1000, 1)
        if outages.DATABASE.is_on and response.status_code < HTTPStatus.BAD_REQUEST and connection.connection:
            outages.DATABASE.works()
        log.info("request", method=request.method, route=route, status=response.status_code, ms=milliseconds)
        clear_contextvars()  # later lines, such as the server's own, are not part of this request
        return response
