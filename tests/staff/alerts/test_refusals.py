"""Refused alerts: the line on Home, the list, and *Mark as seen*."""

from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from alerts.models import Refusal
from clients import tokens
from clients.models import ApiClient
from contacts.models import Clinician
from staff.home.items import Item
from staff.roles import Role
from tests.factories import an_alert
from tests.sender import Sender
from tests.staff.users import make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/alerts/refusal/"


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(make_user(Role.OPERATORS.value))
    return client


def line(client: Client) -> Item | None:
    """The line on Home."""
    caches["process"].clear()
    items = client.get("/admin/").context["attention"].items
    return next((item for item in items if item.kind == "refused alerts"), None)


def listed(client: Client, query: str = "") -> list[str]:
    return [each.contact_id for each in client.get(f"{LIST}?{query}").context["cl"].result_list]


def test_home_shouts_where_another_system_has_used_the_message_id(
    operator: Client, sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert(priority="L"))
    other = Sender(tokens.issue(client=ApiClient.objects.create(name="Imaging"))[1])

    assert other.post(an_alert(priority="H")).json()["code"] == "message_id_taken"

    item = line(operator)
    assert item
    assert item.urgent
    assert "by Imaging: 1 time" in item.links[0].text
    page = operator.get(item.links[0].url).content.decode()
    assert "Tell the owners of the system to begin their message IDs with the system" in page


def test_home_says_who_was_meant_by_which_system_how_often_and_since_when(
    operator: Client, sender: Sender, clinician: Clinician
) -> None:
    Clinician.objects.update(active=False)
    for _ in range(2):
        sender.post(an_alert(priority="H"))
    sender.post(an_alert(priority="H", contact_id="C-404"))

    item = line(operator)

    since = date_format(timezone.localtime(), "H:i")
    assert item
    assert item.urgent
    assert [link.text for link in item.links] == [
        f"C-404, by Lab system: 1 time since {since}",
        f"Clinician C-1 (C-1), by Lab system: 2 times since {since}",
    ]
    assert item.show_all
    for link in (*item.links, item.show_all):
        assert "C-404" in operator.get(link.url).content.decode() or "C-1" in link.text


@pytest.mark.parametrize("priority", ["M", "L", "?"])
def test_home_is_quiet_about_the_others(
    operator: Client, sender: Sender, clinician: Clinician, priority: str
) -> None:
    sender.post(an_alert(priority=priority, contact_id="C-404"))

    assert line(operator) is None
    assert listed(operator) == ["C-404"]


def test_the_line_goes_once_the_alert_was_accepted(
    operator: Client, sender: Sender, clinician: Clinician
) -> None:
    Clinician.objects.update(active=False)
    sender.post(an_alert(priority="H"))
    assert line(operator)
    Clinician.objects.update(active=True)

    sender.post(an_alert(priority="H"))

    assert line(operator) is None
    assert (listed(operator, "state=open"), listed(operator, "state=accepted")) == ([], ["C-1"])
    assert "Accepted later" in operator.get(LIST).content.decode()


def test_the_line_goes_once_somebody_has_seen_it_and_comes_back(
    operator: Client, sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert(priority="H", contact_id="C-404"))
    seen = {"action": "mark_seen", "_selected_action": Refusal.objects.get().pk}

    answer = operator.post(LIST, seen, follow=True)

    assert "1 row marked as seen" in answer.content.decode()
    assert line(operator) is None
    refusal = Refusal.objects.get()
    assert (refusal.seen_by and refusal.seen_by.pk) == answer.context["user"].pk
    assert "These were marked as seen already" in operator.post(LIST, seen, follow=True).content.decode()
    sender.post(an_alert(priority="H", contact_id="C-404"))
    assert line(operator)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("priority__exact=H", ["C-405"]),
        ("reason__exact=invalid", ["C-404"]),
        ("reason__exact=unknown_contact", ["C-405"]),
        ("q=405", ["C-405"]),
        ("q=lab", ["C-405", "C-404"]),
        ("state=seen", []),
        ("state=", ["C-405", "C-404"]),
        ("state=lost", []),
    ],
)
def test_the_list_is_filtered(
    operator: Client, sender: Sender, clinician: Clinician, query: str, found: list[str]
) -> None:
    sender.post(an_alert(contact_id="C-404", type=None))
    sender.post(an_alert(contact_id="C-405", priority="H"))

    assert listed(operator, query) == found


def test_the_page_says_what_to_do_and_which_alerts(
    operator: Client, sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert(contact_id="C-404", message_id="lab-17"))

    page = operator.get(f"{LIST}{Refusal.objects.get().pk}/change/").content.decode()

    assert "There is no clinician with this contact ID" in page
    assert "Add the clinician, or tell the owners" in page
    assert "lab-17" in page


def test_the_line_takes_one_query_however_many_there_are(operator: Client, lab: ApiClient) -> None:
    Refusal.objects.bulk_create(
        Refusal(client=lab, contact_id=f"X-{number}", reason="unknown_contact", priority="H")
        for number in range(30)
    )
    caches["process"].clear()

    with CaptureQueriesContext(connection) as captured:
        answer: Any = operator.get("/admin/")

    assert len([each for each in captured if "alerts_refusal" in each["sql"]]) == 1
    assert "and 25 more" in answer.content.decode()


@pytest.mark.parametrize("name", ["reason__exact", "state", "q"])
def test_a_value_that_cannot_be_compared_leads_to_the_whole_list(operator: Client, name: str) -> None:
    assert operator.get(f"{LIST}?{name}=%00", follow=True).status_code == 200
