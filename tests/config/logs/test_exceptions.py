"""Exceptions in the log: they have no message, which may quote a row or a number."""

import json
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from celery import Celery
from celery.app.trace import build_tracer

from tests.config.logs.output import NUMBER, LogOutput
from tests.config.server import run

own, library = structlog.get_logger("own"), logging.getLogger("some.library")


def fail() -> None:
    """Raise an exception as they come: the number in the message, in the cause, and over several lines."""
    try:
        os.environ[NUMBER]
    except KeyError as error:
        raise ValueError(f"Cannot call.\nDETAIL: 'to' is \"{NUMBER}\"") from error


def an_error() -> Exception:
    with pytest.raises(ValueError, match="Cannot call") as caught:
        fail()
    return caught.value


@pytest.mark.parametrize(
    "say",
    [
        lambda error: own.error("failed", exc_info=error),
        lambda error: own.warning("failed", exc_info=(type(error), error, error.__traceback__)),
        lambda error: library.error("failed", exc_info=error),
        lambda error: library.error("failed: %s", error),
        lambda error: library.error("failed: %r", error),
        lambda error: library.error("failed: %(error)s", {"error": error}),
        lambda error: library.error("failed: %s", error, exc_info=error),
        lambda error: library.error("failed: %s", str(error), exc_info=error),
        lambda error: library.error(str(error), exc_info=error),
        lambda error: library.error(f"failed: {error!r}", exc_info=error),
        lambda error: library.error(f"failed: {error.__cause__}", exc_info=error),
    ],
)
def test_an_exception_is_logged_without_its_message(log: LogOutput, say: Callable[[Exception], None]) -> None:
    say(an_error())

    assert len(log.lines) == 1
    assert NUMBER not in log.text


@pytest.mark.parametrize("name", ["own", "library"])
def test_the_exception_at_hand_is_found_and_its_causes_with_it(log: LogOutput, name: str) -> None:
    logger: Any = {"own": own, "library": library}[name]
    try:
        fail()
    except ValueError:
        logger.exception("failed")

    assert [each["type"] for each in log.of("failed")["exception"]] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert any("test_exceptions.py" in place for place in log.of("failed")["exception"][1]["at"])
    assert NUMBER not in log.text


def test_a_task_that_fails_is_logged_by_celery_without_the_message(log: LogOutput) -> None:
    app = Celery("apart", broker="memory://", set_as_current=False)

    @app.task(name="call")
    def call() -> None:
        fail()

    build_tracer("call", call, app=app)("an-id", [], {}, {})

    (line,) = [line for line in log.lines if line["logger"] == "celery.app.trace"]
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert NUMBER not in log.text


def test_an_exception_that_ends_a_process_is_logged_without_its_message() -> None:
    done = run("-c", f"import django; django.setup(); raise ValueError({NUMBER!r})")

    assert done.returncode == 1
    line = json.loads(done.stderr)
    assert (line["event"], line["level"]) == ("process.failed", "critical")
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert NUMBER not in done.stderr


def test_an_exception_that_ends_a_thread_is_logged_without_its_message() -> None:
    code = (
        "import django, threading; django.setup()\n"
        f"def fail(): raise ValueError({NUMBER!r})\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()"
    )

    done = run("-c", code)

    line = json.loads(done.stderr)
    assert (line["event"], line["level"]) == ("thread.failed", "error")
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert NUMBER not in done.stderr


def test_a_database_that_cannot_be_reached_is_logged_with_the_reason() -> None:
    code = "import django; django.setup(); from django.db import connection; connection.ensure_connection()"

    line = json.loads(run("-c", code).stderr)

    assert "Connection refused" in line["exception"][1]["message"]


def test_a_console_gets_an_exception_line_by_line_and_without_its_message() -> None:
    code = f"import logging; logging.getLogger('x').error('failed', exc_info=ValueError('{NUMBER}'))"

    done = run("-c", f"import django; django.setup(); {code}", LOG_FORMAT="console")

    assert "builtins.ValueError" in done.stderr.splitlines()
    assert "Logging error" not in done.stderr
    assert NUMBER not in done.stderr
