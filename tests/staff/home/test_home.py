"""Home: which items each user sees, and where they lead."""

from typing import Any

import pytest

from alerts.models import Alert
from alerts.monitoring import report
from contacts.models import Clinician
from staff.home import items
from staff.roles import Role
from tests.alerts.conftest import closed_port
from tests.staff.home.visits import home_of, kinds
from tests.staff.users import NO_ROLE, PEOPLE, SUPERUSER

pytestmark = pytest.mark.django_db

ALL = {"refused alerts", "failed", "unreachable", "expiring", "refused"}
SHOWN_TO = {
    Role.PREFERENCE_EDITORS.value: {"refused alerts", "unreachable"},
    Role.WARD_MANAGERS.value: {"unreachable"},
    Role.OPERATORS.value: {"refused alerts", "failed", "unreachable"},
    Role.AUDITORS.value: ALL,
    Role.INTEGRATORS.value: {"refused alerts", "expiring", "refused"},
    NO_ROLE: set(),
    SUPERUSER: ALL,
}


@pytest.mark.parametrize("person", PEOPLE)
def test_users_see_the_items_that_they_may_see(something_of_each_kind: None, person: str) -> None:
    assert set(kinds(home_of(person))) == SHOWN_TO[person]


def test_everybody_sees_that_bleep_does_not_send(db: None) -> None:
    assert kinds(home_of(NO_ROLE)) == ["bleep relays_silent"]


def test_every_link_of_an_item_works(something_of_each_kind: None) -> None:
    client = home_of(Role.AUDITORS.value)
    items = client.get("/admin/").context["attention"].items
    links = [
        link
        for item in items
        for link in (*item.links, *item.rows, *([item.show_all] if item.show_all else []))
    ]

    assert links
    assert {link.url: client.get(link.url).status_code for link in links} == dict.fromkeys(
        (link.url for link in links), 200
    )


def test_the_link_to_failed_alerts_shows_only_them(something_of_each_kind: None) -> None:
    client = home_of(Role.OPERATORS.value)
    items = client.get("/admin/").context["attention"].items
    [item] = [each for each in items if each.kind == "failed"]

    def listed() -> list[Alert]:
        return list(client.get(item.show_all.url).context["cl"].result_list)

    assert listed() == list(Alert.objects.all())
    Alert.objects.update(state="closed")
    assert listed() == []


def test_text_is_escaped(something_of_each_kind: None) -> None:
    Clinician.objects.update(name="<b onclick=x>Bold</b>")

    page = home_of(Role.PREFERENCE_EDITORS.value).get("/admin/").content.decode()

    assert "&lt;b onclick=x&gt;" in page
    assert "<b onclick" not in page


def test_every_finding_has_a_sentence_for_staff(db: None, settings: Any) -> None:
    settings.FRONT_DOOR_URL = f"http://127.0.0.1:{closed_port()}"

    ours = {finding.name for finding in report.findings() if not finding.is_for_staff}
    assert ours == set(items.FINDINGS)


def test_the_apps_have_names_for_staff() -> None:
    client = home_of(SUPERUSER)

    called = [app["name"] for app in client.get("/admin/").context["app_list"]]

    assert sorted(called) == [
        "Alerts",
        "Clinicians",
        "Hospital systems",
        "Logins",
        "Plans and cover",
        "Single sign-on",
    ]
