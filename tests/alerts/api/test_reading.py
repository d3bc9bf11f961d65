"""GET /notification and GET /notification/<message_id>: the client's own alerts and their outcomes."""

from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, stopping
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery
from alerts.states import AlertState, Reason
from clients import tokens
from clients.models import ApiClient
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db

STATUSES = ("queued", "sent", "delivered", "failed", "acknowledged", "cancelled")


def bring_to(status: str, message_id: str) -> None:
    """Take an alert that was just stored to a status, the way the system does."""
    alert = Alert.objects.get(message_id=message_id)
    if status == "cancelled":
        stopping.end(alert, AlertState.CANCELLED)
    elif status == "acknowledged":
        Alert.objects.filter(pk=alert.pk).update(state="acknowledged")
    elif status != "queued":
        claim = claims.claim(Delivery.objects.get(alert=alert).pk)
        assert claim is not None
        if status == "failed":
            error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
            lifecycle.mark_failed(claim, error, NextChannel(Reason.INVALID_ADDRESS))
        else:
            lifecycle.mark_sent(claim, SendResult("provider-1"))
        if status == "delivered":
            Delivery.objects.filter(alert=alert).update(state="delivered")


@pytest.mark.parametrize("status", STATUSES)
def test_the_detail_has_the_status(sender: Sender, clinician: Clinician, status: str) -> None:
    sender.post(an_alert())
    bring_to(status, "123")

    assert sender.get("/notification/123").json()["status"] == status


@pytest.mark.parametrize("status", STATUSES)
def test_the_list_is_filtered_by_status(sender: Sender, clinician: Clinician, status: str) -> None:
    for each in STATUSES:
        sender.post(an_alert(message_id=each))
        bring_to(each, each)

    found = sender.get(f"/notification?status={status}").json()["results"]

    assert [alert["message_id"] for alert in found] == [status]


def test_the_detail_shows_deliveries_and_attempts_with_masked_addresses(
    sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert())
    bring_to("failed", "123")

    answer = sender.get("/notification/123")

    [delivery] = answer.json()["deliveries"]
    [attempt] = delivery["attempts"]
    assert (delivery["state"], delivery["reason"]) == ("failed", "invalid_address")
    assert (attempt["number"], attempt["state"], attempt["code"]) == (1, "rejected", "InvalidParameter")
    assert delivery["address"] == "c***@ward.example"


@pytest.mark.parametrize(
    ("description", "most", "parts"),
    [
        ("a" * 150, 0, 1),
        ("a" * 151, 0, 2),
        ("a" * 1000, 0, 7),
        ("“Ready” " * 10, 0, 2),
        ("a" * 1000, 3, 3),
        ("a" * 1000, 1, 1),
    ],
)
def test_an_sms_has_the_number_of_parts_that_are_sent_wherever_it_is_shown(
    sender: Sender, clinician: Clinician, settings: Settings, description: str, most: int, parts: int
) -> None:
    settings.SMS_MAX_PARTS = most
    body = an_alert(priority="M", description=description)

    answers = [
        sender.post(body).json(),
        sender.post(body).json(),  # a repeat
        sender.get("/notification/123").json(),
        sender.get("/notification").json()["results"][0],
    ]

    assert [answer["deliveries"][0]["parts"] for answer in answers] == [parts] * 4


@pytest.mark.parametrize("priority", ["H", "L"])
def test_a_call_and_an_email_have_no_parts(sender: Sender, clinician: Clinician, priority: str) -> None:
    answer = sender.post(an_alert(priority=priority, description="a" * 1000)).json()

    assert answer["deliveries"][0]["channel"] != "sms"
    assert answer["deliveries"][0]["parts"] is None


@pytest.mark.parametrize("path", ["/notification", "/notification/123"])
def test_neither_text_nor_patient_reference_nor_address_is_repeated(
    sender: Sender, clinician: Clinician, path: str
) -> None:
    sender.post(an_alert(description="very private words", patient_id="P-987"))

    answer = sender.get(path).content.decode()

    assert "very private words" not in answer
    assert "P-987" not in answer
    assert "clinician@ward" not in answer


@pytest.mark.parametrize("message_id", ["a/b", "a b", "ü🩸", "100%", "a?b#c", "/", "a//b/", "...", "+"])
def test_the_location_leads_to_the_alert_whatever_its_message_id(
    sender: Sender, clinician: Clinician, message_id: str
) -> None:
    location = sender.post(an_alert(message_id=message_id))["Location"]

    assert location == f"/notification/{quote(message_id, safe='')}"
    assert sender.get(location).json()["message_id"] == message_id


def test_an_unknown_alert_is_404(sender: Sender) -> None:
    answer = sender.get("/notification/none")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_another_clients_alert_is_404(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())
    other = Sender(tokens.issue(client=ApiClient.objects.create(name="Radiology"))[1])

    assert other.get("/notification/123").status_code == 404
    assert other.get("/notification").json()["results"] == []


def test_the_list_is_paged_newest_first_and_stays_put_while_alerts_come_in(
    sender: Sender, clinician: Clinician
) -> None:
    for number in range(5):
        sender.post(an_alert(message_id=f"m{number}"))
    page = sender.get("/notification?page_size=2").json()
    sender.post(an_alert(message_id="newer"))

    following = sender.get(page["next"]).json()

    assert [alert["message_id"] for alert in page["results"]] == ["m4", "m3"]
    assert [alert["message_id"] for alert in following["results"]] == ["m2", "m1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("priority=H", ["high"]),
        ("contact_id=C-9", []),
        ("contact_id=C-1", ["low", "high"]),
        ("message_id=low", ["low"]),
        ("created_after=2000-01-01T00:00:00Z", ["low", "high"]),
        ("created_before=2000-01-01T00:00:00Z", []),
        ("priority=L&created_after=2000-01-01", ["low"]),
    ],
)
def test_the_list_is_filtered(sender: Sender, clinician: Clinician, query: str, expected: list[str]) -> None:
    sender.post(an_alert(message_id="high", priority="H"))
    sender.post(an_alert(message_id="low", priority="L"))

    found = sender.get(f"/notification?{query}").json()["results"]

    assert [alert["message_id"] for alert in found] == expected


@pytest.mark.parametrize("query", ["status=happy", "priority=l", "created_after=yesterday"])
def test_a_filter_that_is_not_understood_is_named(sender: Sender, query: str) -> None:
    answer = sender.get(f"/notification?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%FF",
        "cD15ZXN0ZXJkYXk=",  # p=yesterday
        "cD0yMDI2LTEzLTQ1KzAwJTNBMDA=",  # p=2026-13-45 00:00
        "bz14",  # o=x
        "cD0lMDA=",  # p=NUL
    ],
)
def test_a_cursor_that_no_page_gave_is_named(sender: Sender, cursor: str) -> None:
    answer = sender.get(f"/notification?cursor={cursor}")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5"])
def test_a_page_size_that_is_none_is_named(sender: Sender, size: str) -> None:
    answer = sender.get(f"/notification?page_size={size}")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["page_size"]


def test_a_misspelt_filter_is_named_and_no_list_is_given(sender: Sender) -> None:
    answer = sender.get("/notification?state=failed&prority=H&priority=H")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["prority", "state"]
    assert "created_before, cursor, page_size" in answer.json()["errors"][0]["message"]


def test_an_alert_has_no_parameters(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(message_id="m-1"))

    answer = sender.get("/notification/m-1?wait=10")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "wait", "message": "Unknown parameter. There are none here."}
    ]


def test_a_page_is_followed_in_both_directions(sender: Sender, clinician: Clinician) -> None:
    for number in range(4):
        sender.post(an_alert(message_id=f"m{number}"))
    first = sender.get("/notification?page_size=2&priority=L").json()
    second = sender.get(first["next"]).json()

    assert sender.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("priority", ["L", "M"])
def test_the_number_of_queries_does_not_grow_with_the_page(
    sender: Sender, clinician: Clinician, priority: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            sender.get("/notification")
        return len(captured)

    sender.post(an_alert(message_id="first", priority=priority))
    sender.get("/notification")  # the token's last use is noted by now
    with_one = queries()
    for number in range(10):
        sender.post(an_alert(message_id=f"m{number}", priority=priority))

    assert queries() == with_one


def test_a_message_id_with_a_nul_in_it_is_404(sender: Sender) -> None:
    assert sender.get("/notification/%00").status_code == 404


@pytest.mark.parametrize("query", ["status=sent&status=failed", "priority=L&priority=L", "cursor=a&cursor=b"])
def test_a_parameter_that_is_given_twice_is_refused(sender: Sender, query: str) -> None:
    answer = sender.get(f"/notification?{query}")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The parameters are not valid: see `errors`."
    name = query.partition("=")[0]
    assert answer.json()["errors"] == [{"field": name, "message": "This is given twice: give it once."}]


@pytest.mark.parametrize(
    "name", ["contact_id", "message_id", "status", "priority", "created_after", "page_size"]
)
def test_a_parameter_without_a_value_is_refused(sender: Sender, name: str) -> None:
    answer = sender.get(f"/notification?{name}=")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("plus", ["%2B", "+", "%20"])
def test_a_plus_need_not_be_escaped(sender: Sender, clinician: Clinician, plus: str) -> None:
    sender.post(an_alert())

    for day, found in (("2001-01-01", 1), ("2101-01-01", 0)):
        answer = sender.get(f"/notification?created_after={day}T00:00:00{plus}01:00")
        assert (answer.status_code, len(answer.json()["results"])) == (200, found)
