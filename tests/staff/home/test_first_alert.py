"""While there is no alert, Home offers to send a first one, says what will happen, and sends it once."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from alerts.models import Alert
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from staff.roles import Role
from tests.factories import make_clinician
from tests.staff.users import make_records, make_user

pytestmark = pytest.mark.django_db

PAGE = "/admin/first-alert/"
OPERATOR = Role.OPERATORS.value
SENTENCE = "Clinician C-1 (C-1) gets it by e-mail to clinician@ward.example."


@pytest.fixture
def known() -> Clinician:
    return make_clinician("C-1", {Priority.LOW: [Channel.EMAIL]})


def of(person: str) -> Client:
    client = Client()
    client.force_login(make_user(person))
    return client


def read(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def posted_by_the_button(page: str) -> dict[str, str]:
    """The hidden fields of the form that leads to the page."""
    (form,) = re.findall(rf'<form method="post" action="{PAGE}">.*?</form>', page)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def test_in_local_mode_one_button_sends_it_to_the_demos_clinician(
    known: Clinician, settings: Settings
) -> None:
    settings.HANDSETS_URL = "http://127.0.0.1:8001"
    client = of(OPERATOR)
    home = read(client.get("/admin/"))
    assert SENTENCE in home

    answer: Any = client.post(PAGE, posted_by_the_button(home), follow=True)

    alert = Alert.objects.get()
    assert (alert.clinician, alert.priority, alert.message_id) == (known, "L", "first-alert")
    assert alert.deliveries.count() == 1
    assert answer.redirect_chain[-1][0] == f"/admin/alerts/alert/{alert.pk}/change/"
    assert f"The first alert is stored. {SENTENCE}" in read(answer)
    assert 'href="http://127.0.0.1:8001"' in read(answer)


def test_elsewhere_it_asks_first_whom_and_says_what_will_happen(known: Clinician, settings: Settings) -> None:
    settings.HANDSETS_URL = ""
    client = of(OPERATOR)
    home = read(client.get("/admin/"))
    assert f'href="{PAGE}"' in home
    assert not re.search(rf'<form[^>]*action="{PAGE}"', home)

    asked = read(client.post(PAGE, {"contact_id": "C-1", "priority": "L"}))

    assert SENTENCE in asked
    assert "Send it now" in asked
    assert not Alert.objects.exists()
    client.post(PAGE, {"contact_id": "C-1", "priority": "L", "confirmed": "yes"})
    assert Alert.objects.get().clinician == known


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({"contact_id": "nobody", "priority": "L"}, "There is no clinician with this contact ID."),
        ({"contact_id": "C-1", "priority": "H"}, "no channel chosen for this priority"),
        ({"contact_id": "", "priority": "L"}, "This field is required."),
    ],
)
def test_who_cannot_be_reached_is_said_and_nothing_is_stored(
    known: Clinician, posted: dict[str, str], sentence: str
) -> None:
    page = read(of(OPERATOR).post(PAGE, {**posted, "confirmed": "yes"}))

    assert sentence in page
    assert not Alert.objects.exists()


def test_a_second_click_sends_nothing(known: Clinician) -> None:
    client = of(OPERATOR)
    for _ in range(2):
        client.post(PAGE, {"contact_id": "C-1", "priority": "L", "confirmed": "yes"})

    assert Alert.objects.count() == 1


@pytest.mark.parametrize("person", [Role.AUDITORS.value, Role.PREFERENCE_EDITORS.value])
def test_who_may_not_send_is_not_offered_it(known: Clinician, person: str) -> None:
    client = of(person)

    assert "first alert" not in read(client.get("/admin/"))
    assert client.post(PAGE, {"contact_id": "C-1", "confirmed": "yes"}).status_code == 403


def test_once_there_is_an_alert_it_is_offered_no_more(db: None) -> None:
    make_records()
    client = of(OPERATOR)

    assert "first alert" not in read(client.get("/admin/"))
    assert "There are alerts already" in read(client.get(PAGE, follow=True))
