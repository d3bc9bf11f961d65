"""Alerts under “Needs attention” on Home: by name, most urgent first, who is on it, and advice for the reader."""

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import actions, intake
from alerts.deliveries.retry import LeaveInDoubt
from alerts.models import Alert, AlertAction, Delivery
from alerts.states import Reason, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.alerts.factories import end, handle
from tests.factories import an_alert, make_clinician
from tests.staff.users import make_user
from theme.refresh import HEADER

pytestmark = pytest.mark.django_db

Fail = Callable[..., Alert]


@pytest.fixture
def fail(lab: ApiClient) -> Fail:
    """Let an alert fail for somebody with one channel."""

    def make(priority: Priority, reason: Reason, minutes: int, name: str, **fields: Any) -> Alert:
        number = Alert.objects.count() + 1
        make_clinician(f"D-{number}", {priority: [Channel.CALL]}, name=name, **fields)
        body = an_alert(message_id=f"m-{number}", contact_id=f"D-{number}")
        new = intake.NewAlert(**{**body, "priority": priority})
        alert = intake.accept(client=lab, new=new).alert
        doubt = LeaveInDoubt(reason) if reason is Reason.ANSWER_LOST else None
        end(Delivery.objects.get(alert=alert), reason, doubt)
        received = Now() - timedelta(minutes=minutes, seconds=5)
        Alert.objects.filter(pk=alert.pk).update(created_at=received)
        return alert

    return make


def browser_of(role: Role) -> tuple[Client, User]:
    user = make_user(role.value)
    client = Client()
    client.force_login(user)
    return client, user


def home(client: Client) -> str:
    answer: Any = client.get("/admin/")
    return html.unescape(answer.content.decode())


def rows(client: Client) -> list[str]:
    """The lines of alerts, as they are read."""
    found = re.findall(r'<li class="alert-row.*?<p>(.*?)</p>', home(client), re.DOTALL)
    return [" · ".join(" ".join(part.split()) for part in re.findall(r">([^<]+)</", each)) for each in found]


def test_people_are_named_the_most_urgent_first_and_then_the_oldest(fail: Fail) -> None:
    fail(Priority.LOW, Reason.UNCONFIRMED, 200, "Late Low")
    fail(Priority.HIGH, Reason.NOT_ANSWERED, 3, "Maternity consultant", department="Maternity")
    fail(Priority.MEDIUM, Reason.ANSWER_LOST, 0, "Mid")
    fail(Priority.HIGH, Reason.BUSY, 125, "Heart surgeon")
    client, _user = browser_of(Role.OPERATORS)

    assert rows(client) == [
        "High · Heart surgeon · 2 h 5 min ago · the line was busy",
        "High · Maternity consultant · Maternity · 3 min ago · nobody answered",
        "Medium · Mid · just now · may have arrived: the provider did not confirm it",
        "Low · Late Low · 3 h 20 min ago · the e-mail address is not confirmed",
    ]


def test_the_tabs_title_counts_what_needs_attention(fail: Fail) -> None:
    def counted() -> int:
        caches["process"].clear()
        found = re.search(r"<title>\s*\((\d+)\) Home", home(client))
        return int(found[1]) if found else 0

    client, _user = browser_of(Role.OPERATORS)
    fail(Priority.HIGH, Reason.BUSY, 1, "One")
    before = counted()
    fail(Priority.HIGH, Reason.BUSY, 1, "Two")

    assert counted() == before + 1


def test_one_click_on_home_takes_it_on_and_everybody_sees_that(fail: Fail) -> None:
    alert = fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    client, user = browser_of(Role.OPERATORS)
    form = re.search(
        r'action="([^"]*/take/)".*?name="seen" value="([^"]+)".*?name="back" value="([^"]+)"',
        home(client),
        re.DOTALL,
    )
    assert form

    answer = client.post(form[1], {"seen": form[2], "back": form[3]})

    assert answer["Location"] == "/admin/"
    colleague, _ = browser_of(Role.AUDITORS)
    assert f"{user.username} took it on just now" in rows(colleague)[0]
    assert "Hand back" in home(client)
    other, _ = browser_of(Role.OPERATORS)
    assert "Take over" in home(other)
    assert AlertAction.objects.get().alert == alert


def test_a_forwarded_alert_says_to_whom(fail: Fail) -> None:
    alert = fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    other = make_clinician("E-1", {Priority.HIGH: [Channel.CALL]}, name="Dot Dale")
    actions.forward(alert.pk, to=other, key=uuid.uuid4(), by=make_user(Role.OPERATORS.value))
    client, _user = browser_of(Role.OPERATORS)

    assert rows(client)[0].endswith("the line was busy · sent on to Dot Dale")


def test_an_alert_dealt_with_leaves_home_although_results_are_cached(fail: Fail) -> None:
    alert = fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    fail(Priority.LOW, Reason.BUSY, 5, "Other")
    client, user = browser_of(Role.OPERATORS)
    assert len(rows(client)) == 2

    handle(StaffAction.CLOSE, alert.pk, by=user)

    assert [each.split(" · ")[1] for each in rows(client)] == ["Other"]


def test_who_may_not_do_it_is_told_whom_to_ask(fail: Fail) -> None:
    fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    make_clinician("N-1", {}, name="No channel")
    operator, auditor = (browser_of(role)[0] for role in (Role.OPERATORS, Role.AUDITORS))

    assert "Say that you are on it" in home(operator)
    assert "Ask somebody with the role Preference editors to correct it there." in home(operator)
    assert "Ask somebody with the role Operators to look after them." in home(auditor)
    assert "I am on it</button>" not in home(auditor)


def test_without_such_a_role_the_administrator_is_to_be_asked(fail: Fail) -> None:
    fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    Group.objects.get(name="Operators").permissions.clear()

    assert "Ask the administrator of Bleep's logins to look after them." in home(browser_of(Role.AUDITORS)[0])


def test_lines_cost_no_query_each(fail: Fail) -> None:
    client, user = browser_of(Role.OPERATORS)

    def queries() -> int:
        caches["process"].clear()
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/")
        return len(captured)

    for number in range(2):
        alert = fail(Priority.LOW, Reason.BUSY, 5, f"Person {number}")
        handle(StaffAction.TAKE, alert.pk, by=user)
    few = queries()
    for number in range(2, 10):
        alert = fail(Priority.LOW, Reason.BUSY, 5, f"Person {number}")
        handle(StaffAction.TAKE, alert.pk, by=make_user(Role.OPERATORS.value))

    assert queries() == few


def test_its_script_loads_the_part_that_changes_and_no_messages(fail: Fail) -> None:
    alert = fail(Priority.HIGH, Reason.BUSY, 5, "Heart surgeon")
    client, _user = browser_of(Role.OPERATORS)
    client.post(f"/admin/alerts/alert/{alert.pk}/take/", {"seen": f"{alert.pk}:0", "back": "/admin/"})

    part = client.get("/admin/", headers={HEADER: "1"}).content.decode()

    assert part.lstrip().startswith('<div id="home"')
    assert f'data-high="{alert.pk}"' in part
    assert "You are on this alert" not in part
    assert "You are on this alert" in home(client)
