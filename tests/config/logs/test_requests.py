"""The log of requests: what is in their lines, and what never is."""

from typing import Any

import pytest
import structlog
from django.test import Client

from tests.config.logs.output import NUMBER, REFERENCE, LogOutput
from tests.factories import an_alert
from tests.sender import Sender


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
def test_a_request_id_that_is_not_a_plain_word_is_replaced(given: str, log: LogOutput) -> None:
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


@pytest.mark.django_db
def test_an_alert_s_text_reference_and_address_are_in_no_line(
    log: LogOutput, sender: Sender, clinician: Any
) -> None:
    sender.post(an_alert(patient_id="REF-77", description="Potassium is 7.1"))
    sender.post(an_alert(patient_id="REF-77", description="Potassium is 7.1", contact_id="C-9"))

    assert len([line for line in log.lines if line["event"] == "request"]) == 2
    for secret in ("REF-77", "Potassium", clinician.call_number, clinician.sms_number, clinician.email):
        assert secret not in log.text
