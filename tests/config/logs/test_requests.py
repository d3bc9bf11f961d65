"""The log: what is in a line, and what never is."""

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from celery import Celery
from celery.app.trace import build_tracer
from django.db import connection
from django.test import Client
from redis.exceptions import OutOfMemoryError

from config import outages
from config.celery import note_that_redis_works
from contacts.models import Clinician
from tests.config.server import run
from tests.factories import an_alert
from tests.sender import Sender

NUMBER = "+447700900123"
REFERENCE = "123456789"


class LogOutput:
    """What was logged since the test began, as it is written."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> dict[str, Any]:
        """The one line with this event."""
        (line,) = [line for line in self.lines if line["event"] == event]
        return line


@pytest.fixture
def log() -> Iterator[LogOutput]:
    root = logging.getLogger()
    (formatter,) = {handler.formatter for handler in root.handlers if type(handler) is logging.StreamHandler}
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    yield LogOutput(stream)
    root.removeHandler(handler)


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_id_method_route_and_status(log: LogOutput, sender: Sender) -> None:
    sender.get(f"/notification/{REFERENCE}", **{"X-Request-ID": "analyser-2.0017_x"})

    line = log.of("request")
    assert line["request_id"] == "analyser-2.0017_x"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"].startswith(("notification/", "^notification/"))
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert REFERENCE not in log.text


@pytest.mark.parametrize("given", ["analyser-2.0017_x", "a", "x" * 64])
def test_a_caller_s_request_id_is_given_back(given: str) -> None:
    assert Client().get("/nothing", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "a\nb", "é", "a;b", '"x"'])
def test_a_request_id_that_is_no_plain_word_is_replaced(given: str, log: LogOutput) -> None:
    replaced = Client().get("/nothing", headers={"X-Request-ID": given})["X-Request-ID"]

    assert replaced != given
    assert len(replaced) == 32
    assert log.of("request")["request_id"] == replaced


def test_each_request_has_an_id_of_its_own() -> None:
    first, second = (Client().get("/nothing")["X-Request-ID"] for _ in range(2))

    assert first != second


def test_lines_after_a_request_do_not_carry_its_id(log: LogOutput) -> None:
    Client().get("/nothing")

    structlog.get_logger("other").info("afterwards")

    assert "request_id" not in log.of("afterwards")


def test_probes_are_not_logged(log: LogOutput) -> None:
    Client().get("/healthz")

    assert log.text == ""


@pytest.mark.parametrize("path", [f"/nothing/{REFERENCE}", f"/?patient={REFERENCE}", f"/docs?q={REFERENCE}"])
def test_neither_path_nor_query_is_logged(log: LogOutput, path: str) -> None:
    Client().get(path)

    assert [line["event"] for line in log.lines] == ["request"]
    assert REFERENCE not in log.text


def test_a_request_that_csrf_refuses_is_logged_without_its_query(log: LogOutput) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        f"/admin/login/?next=/{REFERENCE}", {"username": NUMBER}, headers={"Accept": "text/html"}
    )

    assert answer.status_code == 403
    assert log.of("request")["status"] == 403
    assert REFERENCE not in log.text
    assert NUMBER not in log.text


def test_a_wrong_host_is_named_since_the_configuration_may_be_wrong(log: LogOutput) -> None:
    Client().get("/", headers={"Host": "evil.example"})

    (line,) = [line for line in log.lines if line["logger"] == "django.security.DisallowedHost"]
    assert "evil.example" in line["exception"][0]["message"]


@pytest.mark.django_db
@pytest.mark.urls("tests.config.failing_urls")
@pytest.mark.parametrize(
    ("how", "status", "kinds"),
    [
        ("plain", 500, ["builtins.ValueError"]),
        ("chained", 500, ["builtins.ValueError", "builtins.KeyError"]),
        ("database", 500, ["django.db.utils.IntegrityError", "psycopg.errors.UniqueViolation"]),
        ("sql", 500, ["django.db.utils.DataError", "psycopg.errors.InvalidTextRepresentation"]),
        ("suspicious", 400, ["django.core.exceptions.SuspiciousOperation"]),
    ],
)
def test_a_failed_request_is_logged_by_kind_and_place_without_any_value(
    log: LogOutput, how: str, status: int, kinds: list[str]
) -> None:
    answer = Client(raise_request_exception=False).get(
        f"/patients/{REFERENCE}", {"number": NUMBER, "how": how}
    )

    assert answer.status_code == status
    (line,) = [line for line in log.lines if "exception" in line]
    assert [each["type"] for each in line["exception"]] == kinds
    assert any("failing_urls.py" in place for place in line["exception"][0]["at"])
    assert line["level"] == "error"
    assert line["request_id"] == answer["X-Request-ID"]
    assert REFERENCE not in log.text
    assert NUMBER not in log.text


@pytest.mark.urls("tests.config.failing_urls")
@pytest.mark.parametrize(
    ("how", "status", "before"), [("denied", 403, ["security.forbidden"]), ("answered", 503, [])]
)
def test_an_answer_that_is_an_error_is_the_request_s_line_and_no_other(
    log: LogOutput, how: str, status: int, before: list[str]
) -> None:
    Client().get(f"/patients/{REFERENCE}", {"number": NUMBER, "how": how})

    assert [line["event"] for line in log.lines] == [*before, "request"]
    assert log.of("request")["status"] == status
    assert REFERENCE not in log.text
    assert NUMBER not in log.text


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


own, library = structlog.get_logger("own"), logging.getLogger("some.library")


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
    assert any("test_telemetry.py" in place for place in log.of("failed")["exception"][1]["at"])
    assert NUMBER not in log.text


def test_other_libraries_ordinary_lines_are_kept(log: LogOutput) -> None:
    library.warning("%s of %d", "two", 3)

    assert log.of("two of 3")["logger"] == "some.library"


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


def test_a_warning_of_python_is_a_line_like_any_other() -> None:
    done = run("-c", "import django, warnings; django.setup(); warnings.warn('careful')")

    assert json.loads(done.stderr)["logger"] == "py.warnings"


def test_debugging_does_not_make_django_say_things_twice() -> None:
    code = "import django, logging; django.setup(); logging.getLogger('django.x').warning('said')"

    done = run("-c", code, DEBUG="true")

    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["said"]


def test_debugging_does_not_make_the_the_libraries_print_what_they_send() -> None:
    code = (
        "import django, logging; django.setup();"
        "[logging.getLogger(name).debug('whole request') for name in "
        "('boto3', 'botocore.endpoint', 'urllib3.connectionpool', 'django.db.backends')];"
        "logging.getLogger('django.server').info('GET /notification/1'); logging.getLogger('x').debug('said')"
    )

    done = run("-c", code, LOG_LEVEL="DEBUG")

    assert [json.loads(line)["event"] for line in done.stderr.splitlines()][-1] == "said"
    assert "whole request" not in done.stderr
    assert "/notification/1" not in done.stderr


@pytest.mark.django_db
def test_an_alert_s_text_reference_and_address_are_in_no_line(
    log: LogOutput, sender: Sender, clinician: Any
) -> None:
    sender.post(an_alert(patient_id="REF-77", description="Potassium is 7.1"))
    sender.post(an_alert(patient_id="REF-77", description="Potassium is 7.1", contact_id="C-9"))

    assert len([line for line in log.lines if line["event"] == "request"]) == 2
    for secret in ("REF-77", "Potassium", clinician.call_number, clinician.sms_number, clinician.email):
        assert secret not in log.text


def test_a_console_gets_an_exception_line_by_line_and_without_its_message() -> None:
    code = f"import logging; logging.getLogger('x').error('failed', exc_info=ValueError('{NUMBER}'))"

    done = run("-c", f"import django; django.setup(); {code}", LOG_FORMAT="console")

    assert "builtins.ValueError" in done.stderr.splitlines()
    assert "Logging error" not in done.stderr
    assert NUMBER not in done.stderr


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What works after a failure is said to at once, and no other test has left an outage."""
    monkeypatch.setattr(outages.Outage, "SETTLED", 0.0)
    for outage in (outages.DATABASE, outages.REDIS):
        outage.works()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_said_once_and_how_many_it_cost(
    at_once: None, log: LogOutput, sender: Sender, clinician: Clinician
) -> None:
    for number in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        assert sender.post(an_alert(message_id=f"m-{number}")).status_code == 503
    assert sender.post(an_alert()).status_code == 202

    assert log.of("database.unavailable")["cause"] == "The database is read-only."
    assert log.of("database.unavailable")["exception"]
    assert log.of("database.available")["failures"] == 3


def test_a_redis_that_refuses_is_said_once(at_once: None, log: LogOutput) -> None:
    """As kombu's timer does, every five seconds, with a traceback."""
    error = OutOfMemoryError()
    for _ in range(3):
        logging.getLogger("kombu.asynchronous.hub").error("Error in timer: %r", error, exc_info=error)
    note_that_redis_works()

    assert [line["event"] for line in log.lines] == ["worker.redis_away", "worker.redis_back"]
