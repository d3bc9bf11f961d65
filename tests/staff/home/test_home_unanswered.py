"""Home first names what nobody has taken on: who is asked, how long still, and what happens then."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import intake
from alerts.models import Alert, Engagement, Loop
from alerts.states import StaffAction
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from staff.roles import Role
from tests.alerts.escalation.factories import answer, let_time_run_out, refuse_all
from tests.alerts.factories import handle
from tests.factories import an_alert
from tests.oncall.factories import make_colleague, make_plan
from tests.staff.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(clinician: Clinician) -> Clinician:
    """Whom the plans ask after C-1; for Low they ask C-1 alone."""
    other = make_colleague("C-2", name="Dot Dale")
    make_plan(None, other)
    make_plan(None, priority=Priority.LOW)
    return other


def sent(lab: ApiClient, message_id: str, minutes: int, priority: Priority = Priority.HIGH) -> Alert:
    new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": priority})
    alert = intake.accept(client=lab, new=new).alert
    received = Now() - timedelta(minutes=minutes, seconds=5)
    Alert.objects.filter(pk=alert.pk).update(created_at=received)
    return alert


def browser(role: Role = Role.OPERATORS) -> Client:
    client = Client()
    client.force_login(make_user(role.value))
    return client


def home(client: Client) -> str:
    caches["process"].clear()
    answered: Any = client.get("/admin/")
    return html.unescape(answered.content.decode())


def rows(page: str, kind: str) -> list[str]:
    """The lines of an item, as they are read."""
    found = re.search(rf'data-kind="{kind}".*?(?=data-kind=|</section>)', page, re.DOTALL)
    lines = re.findall(r'<li class="alert-row.*?<p>(.*?)</p>', found[0] if found else "", re.DOTALL)
    return [" · ".join(" ".join(part.split()) for part in re.findall(r">([^<]+)</", each)) for each in lines]


def kinds(page: str) -> list[str]:
    return re.findall(r'data-kind="([^"]+)"', page)


def test_it_says_who_is_asked_how_long_still_and_what_happens_then(
    lab: ApiClient, clinician: Clinician, second: Clinician
) -> None:
    sent(lab, "m-1", 3)
    until = Now() + timedelta(seconds=75.2)
    Engagement.objects.update(due_at=until)
    Loop.objects.update(due_at=until)

    (line,) = rows(home(browser()), "unanswered")
    assert re.fullmatch(
        rf"High · {clinician.name}.* · 3 min ago · {clinician.name} is asked, 1 min 1\d s left, then Dot Dale",
        line,
    )


def test_high_comes_first_and_then_the_oldest(lab: ApiClient, second: Clinician) -> None:
    sent(lab, "m-1", 90, Priority.LOW)
    sent(lab, "m-2", 3)
    sent(lab, "m-3", 7)

    lines = rows(home(browser()), "unanswered")
    assert [re.split(" · ", each)[-2] for each in lines] == ["7 min ago", "3 min ago", "1 h 30 min ago"]
    assert lines[-1].endswith("then nobody is left to ask")


def test_an_alert_with_nobody_left_to_ask_comes_before_all_else(
    lab: ApiClient, clinician: Clinician, second: Clinician
) -> None:
    alert = sent(lab, "m-1", 3)
    let_time_run_out(alert)
    let_time_run_out(alert)
    sent(lab, "m-2", 1)
    page = home(browser())

    assert kinds(page)[:2] == ["exhausted", "unanswered"]
    (line,) = rows(page, "exhausted")
    assert line.endswith("nobody is left to ask")
    assert f'data-high="{alert.pk}"' in page, "a browser makes a sound"


def test_the_tabs_title_counts_them(lab: ApiClient, second: Clinician) -> None:
    def counted() -> int:
        found = re.search(r"<title>\s*\((\d+)\) Home", home(client))
        return int(found[1]) if found else 0

    client = browser()
    before = counted()
    sent(lab, "m-1", 3)
    assert counted() == before + 1


def test_it_leaves_home_once_somebody_accepts_or_staff_end_it(lab: ApiClient, second: Clinician) -> None:
    accepted, closed = sent(lab, "m-1", 3), sent(lab, "m-2", 3)
    client = browser()
    answer(accepted, "C-1")
    assert len(rows(home(client), "unanswered")) == 1
    handle(StaffAction.CLOSE, closed.pk, by=make_user(Role.OPERATORS.value))
    assert rows(home(client), "unanswered") == []


def test_an_alert_for_which_nobody_could_be_reached_is_named_once(lab: ApiClient, second: Clinician) -> None:
    alert = sent(lab, "m-1", 3)
    refuse_all(alert)
    let_time_run_out(alert)
    refuse_all(alert)
    let_time_run_out(alert)
    alert.refresh_from_db()
    assert alert.failed
    page = home(browser())

    assert len(rows(page, "exhausted")) == 1
    assert "failed" not in kinds(page)


def test_the_item_says_who_is_on_it(lab: ApiClient, second: Clinician) -> None:
    alert = sent(lab, "m-1", 3)
    user = make_user(Role.OPERATORS.value)
    handle(StaffAction.TAKE, alert.pk, by=user)
    assert f"{user.username} took it on just now" in rows(home(browser()), "unanswered")[0]


def test_who_may_not_do_it_is_told_whom_to_ask(lab: ApiClient, second: Clinician) -> None:
    sent(lab, "m-1", 3)
    page = home(browser(Role.AUDITORS))
    assert "Ask somebody with the role Operators to step in where it cannot wait." in page
    assert "Nobody has taken on 1 alert yet" in page
    assert "Nobody has taken on 1 alert yet" not in home(browser(Role.INTEGRATORS))


def test_the_link_shows_exactly_these(lab: ApiClient, second: Clinician) -> None:
    for number in range(2):
        let_time_run_out(alert := sent(lab, f"m-{number}", 3))
        let_time_run_out(alert)
    sent(lab, "waits", 3)
    client = browser()
    (address,) = re.findall(r'href="([^"]*responsibility=exhausted)"', home(client))
    listed: Any = client.get(address)
    assert re.findall(r">(m-\d|waits)</a>", listed.content.decode()) == ["m-1", "m-0"]


def test_many_cost_no_query_more(lab: ApiClient, second: Clinician) -> None:
    client = browser()

    def queries() -> int:
        caches["process"].clear()
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/")
        return len(captured)

    sent(lab, "m-0", 3)
    few = queries()
    for number in range(1, 15):
        sent(lab, f"m-{number}", 3)
    assert queries() == few
