"""Whatever address and method a sender uses, an error is a problem document and never a page for browsers."""

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.api import transport
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db
PROGRAMS = [{}, {"Accept": "*/*"}]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
@pytest.mark.parametrize(
    "path",
    [
        "/notifications",
        "/notifications/123",
        "/Notification",
        "/notification.json",
        "/notification%0A",
        "/notification/a%0Ab",
        "/notification/%0D%0A",
        "/notification%00",
        "/notification/%00",
        "/notification/a%00b",
        "/notification/%FF",
        "/notification//",
        "/notification/a/b/c",
        "/notification/a/",
        "/notification/..%2F..%2Fadmin",
    ],
)
def test_a_missing_page_or_method_is_a_problem_document(
    sender: Sender, path: str, method: str, headers: dict[str, str]
) -> None:
    answer = getattr(sender.client, method)(
        path, data={} if method == "get" else b"{}", content_type="application/json",
        headers={**sender.headers, **headers},
    )  # fmt: skip

    assert answer.status_code in {404, 405}
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["detail"].endswith(".")


def test_a_wrong_address_says_where_alerts_are_sent(sender: Sender) -> None:
    answer = sender.client.post("/api/v1/alerts", an_alert(), content_type="application/json")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert "Send alerts to /notification" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/xml"]
)
@pytest.mark.parametrize("path", ["/", "/docs", "/admin/", "/admin/login/", "/api/v1/alerts"])
@pytest.mark.parametrize("headers", PROGRAMS, ids=str)
def test_a_sender_at_a_page_is_told_where_alerts_are_sent(
    path: str, content_type: str, headers: dict[str, str]
) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post(path, b"{}", content_type=content_type, headers=headers)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert "Send alerts to /notification" in answer.json()["detail"]


@pytest.mark.parametrize("headers", [BROWSER, {"Accept": "*/*", "Origin": "http://testserver"}])
@pytest.mark.parametrize("path", ["/", "/admin/login/"])
def test_a_browser_whose_form_has_become_old_gets_a_page(path: str, headers: dict[str, str]) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {"username": "staff"}, headers=headers)

    assert (answer.status_code, answer["Content-Type"]) == (403, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/nowhere", "/admin/nowhere/"])
def test_people_get_a_page(admin_client: Client, path: str) -> None:
    answer = admin_client.get(path, headers=BROWSER)

    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_an_unknown_host_name_gets_a_sentence_about_it(sender: Sender) -> None:
    answer = sender.client.post(
        "/notification",
        an_alert(),
        content_type="application/json",
        headers={**sender.headers, "Host": "evil"},
    )

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"), [(OperationalError(), 503, "unavailable"), (RuntimeError(), 500, "internal")]
)
def test_a_failure_before_the_api_is_a_problem_document(
    sender: Sender,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
) -> None:
    settings.HTTPS = True

    def fail(_path: str) -> bool:
        raise error

    monkeypatch.setattr(transport, "is_api", fail)

    answer = sender.get("/notification")

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code


def test_requests_to_the_api_pass_the_pages_middleware_by(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert())

    assert answer.status_code == 202
    for name in ("session", "_messages"):
        assert not hasattr(answer.wsgi_request, name), name
    assert "Cookie" not in answer.get("Vary", "")
