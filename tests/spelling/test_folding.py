"""Search for clinicians as people type."""

import pytest
from django.test import Client

from alerts.models import Alert
from contacts.admin import search
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from spelling.folding import fold
from tests.factories import an_alert, make_clinician
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(Clinician.objects.filter(search.matching(text)).values_list("name", flat=True))


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("José García", "Jose"),
        ("José García", "Jose\u200b"),
        ("José García", "garcia jose"),
        ("Jose Garcia", "José"),
        ("Ute Müller", "Muller"),
        ("Ute Müller", "Mueller"),
        ("Ute Müller", "MÜLLER"),
        ("Søren Ångström", "soren angstrom"),
        ("Łucja Weiß", "lucja weiss"),
        ("Pat O’Example", "O'Example"),
        ("Pat O'Example", "o’example"),
        ("Pat O'Example", "oexample"),
        ("Ann Smith", "Smith Ann"),
        ("Ann Smith", "Smith, Ann"),
        ("Smith, Ann", "ann smith"),
        ("Ann Smith\u2011Jones", "smith-jones"),
        ("Ann Smith-Jones", "Jones Smith"),
        ("Ann Smith", "clinician@ward ann"),
        ("Ann Smith", "c-1"),
    ],
)
def test_a_name_is_found_as_people_type_it(name: str, typed: str) -> None:
    make_clinician("C-1", {}, name=name)
    make_clinician("X-9", {}, name="Somebody Else", email="other@ward.example")

    assert found(typed) == {name}


@pytest.mark.parametrize("typed", ["Smyth", "Ann Jones", ",", "%", "_"])
def test_nobody_else_is_found(typed: str) -> None:
    make_clinician("C-1", {}, name="Ann Smith")

    assert found(typed) == set()


def test_a_changed_name_is_found_at_once(clinician: Clinician) -> None:
    clinician.name = "Zoë Example"
    clinician.save()

    assert found("zoe") == {"Zoë Example"}
    assert not clinician.history.first().diff_against(clinician.history.last()).changed_fields[1:]


@pytest.mark.parametrize("path", ["/admin/contacts/clinician/?q=Jose+Garcia"])
def test_the_list_finds_them(admin_client: Client, path: str) -> None:
    make_clinician("C-1", {}, name="José García")

    assert "José García" in admin_client.get(path).content.decode()


def test_the_alerts_find_them(admin_client: Client, sender: Sender) -> None:
    make_clinician("C-1", {Priority.HIGH: [Channel.CALL]}, name="José García")
    sender.post(an_alert(priority="H"))

    answer = admin_client.post("/admin/alerts/alert/search/", {"q": "garcia jose"}, follow=True)

    assert [each.pk for each in answer.context["cl"].result_list] == [Alert.objects.get().pk]


def test_folding_twice_changes_nothing() -> None:
    for text in ("José O’Brien", "Weiß", "Łódź", "İstanbul"):
        assert fold(fold(text)) == fold(text)
