"""Over http, in any form asked for, and too large: nothing on the way to the API turns an alert into a false 200."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from alerts.models import Alert
from alerts.monitoring.probes import OF_DATA
from contacts.models import Clinician
from door import errors
from tests.factories import an_alert
from tests.sender import Sender


@pytest.fixture
def _https(settings: Settings) -> None:
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.usefixtures("_https")
@pytest.mark.parametrize("address", ["/notification", "/notification/", "/notification/123"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_over_http_the_api_refuses_and_never_redirects(
    sender: Sender, clinician: Clinician, method: str, address: str
) -> None:
    send = getattr(sender.client, method)

    answer = send(address, an_alert(), content_type="application/json", headers=sender.headers, follow=True)

    assert answer.redirect_chain == []
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["code"] == "https_required"
    assert "Send it over https" in answer.json()["detail"]
    assert Alert.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_https")
def test_over_https_the_api_takes_an_alert(sender: Sender, clinician: Clinician) -> None:
    answer = sender.client.post(
        "/notification", an_alert(), content_type="application/json", headers=sender.headers, secure=True
    )

    assert answer.status_code == 202


@pytest.mark.usefixtures("_https")
@pytest.mark.parametrize("path", ["/admin/", "/notifications", "/docs"])
def test_people_are_still_redirected_to_https(path: str) -> None:
    answer = Client().get(path)

    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")


def test_a_post_to_the_wrong_address_does_not_end_at_a_page_with_a_200() -> None:
    assert Client().post("/", an_alert(), content_type="application/json").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    "accept",
    ["application/problem+json", "text/plain", "application/xml", "text/html, image/*;q=0.5", "nonsense", ""],
)
def test_an_alert_is_not_lost_over_an_accept_header(
    sender: Sender, clinician: Clinician, accept: str
) -> None:
    answer = sender.post(an_alert(), Accept=accept)

    assert (answer.status_code, answer["Content-Type"]) == (202, "application/json")
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_an_alert_is_not_lost_over_a_format_in_the_address(sender: Sender, clinician: Clinician) -> None:
    answer: Any = sender.client.post(
        "/notification?format=xml", an_alert(), content_type="application/json", headers=sender.headers
    )

    assert answer.status_code == 202


@pytest.mark.django_db
def test_nobody_keeps_an_answer_or_takes_it_for_a_page(sender: Sender, clinician: Clinician) -> None:
    """Of the API, refused or not, and of what watches Bleep. The door's own answers have the same headers."""
    answers = [
        sender.post(an_alert()),
        sender.post({}),
        sender.get("/notification"),
        sender.get("/notification/123"),
        sender.get("/notification/no"),
        *[
            Client().get(path)
            for path in ("/notification", "/notification/a%0Ab", "/healthz", "/readyz", "/metrics")
        ],
    ]

    for answer in answers:
        assert {name: answer[name] for name in OF_DATA} == OF_DATA
    assert OF_DATA["Cache-Control"] == "no-store"
    assert {name.decode(): value.decode() for name, value in errors.OF_DATA} == {
        name.lower(): value for name, value in OF_DATA.items()
    }


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("image/png", "application/vnd.oai.openapi"),
    ],
)
def test_the_schema_is_had_in_the_form_asked_for_or_in_its_own(accept: str, kind: str) -> None:
    answer = Client().get("/schema", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer["Content-Type"].partition(";")[0] == kind


@pytest.mark.django_db
def test_a_body_of_three_megabytes_is_too_large_and_no_fault_of_ours(sender: Sender) -> None:
    assert sender.post(an_alert(description="x" * 3_000_000)).status_code == 413
