"""Sets up logging: one line of JSON for each event, with the ids of request, alert, delivery and attempt."""

import logging.config
from typing import Any

import structlog
from django.db import Error
from structlog.contextvars import merge_contextvars
from structlog.typing import Processor

from config import database, outages
from config.logs.exceptions import exception_as_text, exception_without_message, foreign_text

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
            # These lines contain paths. RequestLog logs requests, so only exceptions are kept from here.
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
