"""The home page: who is told what, how much it asks the database, and for how long it remembers."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.models import Alert, RelayHeartbeat
from alerts.monitoring import checks
from alerts.states import AlertStatus
from alerts.statistics import AlertCount, Latency, Period
from clients import tokens
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from staff.home import attention, charts, page
from staff.roles import Role
from tests.conftest import make_clinician
from tests.staff.users import NO_ROLE, PEOPLE, SUPERUSER, make_user, make_ward

pytestmark = pytest.mark.django_db

MOST_QUERIES = 14


def home_of(person: str) -> Client:
    client = Client()
    client.force_login(make_user(person))
    return client


def kinds(client: Client) -> list[str]:
    """The kinds of things that need attention, as the page has them."""
    return re.findall(r'data-kind="([^"]+)"', client.get("/admin/").content.decode())


@pytest.fixture
def something_of_each_kind() -> None:
    ward = make_ward()  # with an alert that failed
    RelayHeartbeat.objects.create(relay="ward:1")
    preferences.replace(ward.clinician, {Priority.LOW: []})
    tokens.issue(client=ward.client, expires_at=timezone.now() + timedelta(days=3))
    expired, _secret = tokens.issue(client=ward.client, expires_at=timezone.now() - timedelta(hours=1))
    tokens.mark_used(expired)


ALL = {"failed", "unreachable", "expiring", "refused"}
TOLD = {
    Role.PREFERENCE_EDITORS.value: {"unreachable"},
    Role.OPERATORS.value: {"failed", "unreachable"},
    Role.AUDITORS.value: ALL,
    Role.INTEGRATORS.value: {"expiring", "refused"},
    NO_ROLE: set(),
    SUPERUSER: ALL,
}


@pytest.mark.parametrize("person", PEOPLE)
def test_each_is_told_what_they_may_see(something_of_each_kind: None, person: str) -> None:
    assert set(kinds(home_of(person))) == TOLD[person]


@pytest.mark.parametrize("person", [Role.INTEGRATORS.value, Role.PREFERENCE_EDITORS.value, NO_ROLE])
def test_figures_are_for_those_who_may_see_alerts(something_of_each_kind: None, person: str) -> None:
    shown = home_of(person).get("/admin/").context

    assert not [name for name in ("sums", "over_time", "latency") if name in shown]


def test_that_bleep_does_not_send_is_told_to_everybody(db: None) -> None:
    assert kinds(home_of(NO_ROLE)) == ["bleep relays_silent"]


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("period", ["day", "week"])
def test_it_asks_few_questions(something_of_each_kind: None, person: str, period: str) -> None:
    client = home_of(person)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/admin/?period={period}")

    assert len(queries) <= MOST_QUERIES


def test_what_was_asked_just_now_is_not_asked_again(something_of_each_kind: None) -> None:
    client = home_of(SUPERUSER)
    first = client.get("/admin/")

    with CaptureQueriesContext(connection) as queries:
        second = client.get("/admin/")

    assert len(queries) == 2  # who it is
    assert second.context["figures_at"] == first.context["figures_at"]
    assert second.context["attention"].at == first.context["attention"].at


def test_questions_do_not_grow_with_what_is_wrong(something_of_each_kind: None) -> None:
    for number in range(30):
        make_clinician(f"D-{number}", {Priority.HIGH: [Channel.CALL]})
    client = home_of(Role.AUDITORS.value)

    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/admin/")

    assert len(queries) <= MOST_QUERIES
    assert "and 26 more" in answer.content.decode()


def test_every_link_of_what_needs_attention_leads_to_a_page(something_of_each_kind: None) -> None:
    client = home_of(Role.AUDITORS.value)
    items = client.get("/admin/").context["attention"].items
    links = [
        link for item in items for link in (*item.links, *([item.everything] if item.everything else []))
    ]

    assert links
    assert {link.href: client.get(link.href).status_code for link in links} == dict.fromkeys(
        (link.href for link in links), 200
    )


def test_the_link_to_all_that_failed_shows_them_and_no_others(something_of_each_kind: None) -> None:
    client = home_of(Role.OPERATORS.value)
    item, *_ = client.get("/admin/").context["attention"].items

    def listed() -> list[Alert]:
        return list(client.get(item.everything.href).context["cl"].result_list)

    assert listed() == list(Alert.objects.all())
    Alert.objects.update(state="closed")
    assert listed() == []


def test_a_text_from_outside_stays_text(something_of_each_kind: None) -> None:
    Clinician.objects.update(name="<b onclick=x>Bold</b>")

    page = home_of(Role.PREFERENCE_EDITORS.value).get("/admin/").content.decode()

    assert "&lt;b onclick=x&gt;" in page
    assert "<b onclick" not in page


@pytest.fixture
def lost_table(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Takes a table away, until the test is over: whatever asks for it fails."""
    lost: list[str] = []

    def lose(table: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_lost")
        lost.append(table)

    yield lose
    with connection.cursor() as cursor:
        for table in lost:
            cursor.execute(f"ALTER TABLE {table}_lost RENAME TO {table}")


def test_a_question_that_fails_is_told_of_and_hides_nothing_else(
    lost_table: Callable[[str], None], something_of_each_kind: None
) -> None:
    client = home_of(SUPERUSER)
    lost_table("clients_apitoken")

    assert set(kinds(client)) == {"failed", "unreachable", "unanswered tokens that expire"}


def test_figures_that_cannot_be_had_are_told_of(
    lost_table: Callable[[str], None], something_of_each_kind: None
) -> None:
    client = home_of(SUPERUSER)
    lost_table("alerts_attempt")

    page = client.get("/admin/").content.decode()

    assert "could not work out its figures" in page
    assert 'data-kind="failed"' in page


def test_everything_that_can_be_wrong_with_bleep_has_plain_words(db: None) -> None:
    assert {finding.name for finding in checks.findings()} == set(attention.IN_PLAIN_WORDS)


def test_an_unknown_period_is_the_last_day(something_of_each_kind: None) -> None:
    assert home_of(SUPERUSER).get("/admin/?period=century").context["period"] == "last 24 hours"


@pytest.mark.parametrize(("period", "pieces"), [(Period.DAY, 25), (Period.WEEK, 8)])
def test_an_hour_or_day_without_alerts_has_its_place(period: Period, pieces: int) -> None:
    now = timezone.now()
    at = list(charts._pieces(period, now))  # noqa: SLF001 - as the database cuts them

    chart = charts.over_time([AlertCount(at[-1], Priority.HIGH, AlertStatus.SENT, 7)], period, now)

    assert f"{[0] * (pieces - 1) + [7]}" in chart.data
    assert "with 7" in chart.description


def test_the_hour_that_the_clocks_repeat_has_two_places() -> None:
    noon = datetime(2026, 10, 25, 12, tzinfo=UTC)
    places = list(charts._pieces(Period.DAY, noon))  # noqa: SLF001 - as the database cuts them
    twice = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]

    chart = charts.over_time(
        [AlertCount(at, Priority.HIGH, AlertStatus.SENT, 7) for at in twice], Period.DAY, noon
    )

    assert len(set(places)) == 25
    assert json.loads(chart.data)["datasets"][0]["data"].count(7) == 2
    assert json.loads(chart.data)["labels"].count("01:00") == 2


def test_failures_are_red_while_one_of_them_is_open() -> None:
    now = timezone.now()
    dealt_with = AlertCount(now, Priority.LOW, AlertStatus.FAILED, 3, dealt_with=True)
    still_open = AlertCount(now, Priority.LOW, AlertStatus.FAILED, 1)

    (*_others, settled) = page._sums([dealt_with])  # noqa: SLF001 - what is shown of it
    (*_others, unsettled) = page._sums([dealt_with, still_open])  # noqa: SLF001

    assert (settled.alerts, settled.grave, settled.note) == (3, False, "3 dealt with")
    assert (unsettled.alerts, unsettled.grave, unsettled.note) == (4, True, "3 dealt with")


def test_the_table_beside_a_chart_sums_up() -> None:
    now = timezone.now()
    _chart, table = charts.by_priority(
        [
            AlertCount(now, Priority.HIGH, AlertStatus.SENT, 1_000),
            AlertCount(now, Priority.LOW, AlertStatus.SENT, 2),
            AlertCount(now, Priority.LOW, AlertStatus.FAILED, 3),
        ]
    )

    assert table.rows == (
        ("Sent", "1,000", "0", "2", "1,002"),
        ("Failed", "0", "0", "3", "3"),
        ("All", "1,000", "0", "5", "1,005"),
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (1.25, "1.2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (11_400, "3 h 10 min"),
    ],
)
def test_a_length_of_time_is_short_to_read(seconds: float, words: str) -> None:
    assert charts.span(seconds) == words
    _chart, table = charts.time_to_provider([Latency(Channel.SMS, 1, seconds, seconds)])
    assert table.rows == (("SMS", "1", words, words),)


def test_the_admins_rooms_are_called_as_staff_call_them() -> None:
    client = home_of(SUPERUSER)

    called = [app["name"] for app in client.get("/admin/").context["app_list"]]

    assert sorted(called) == ["Alerts", "Clinicians", "Hospital systems", "Logins"]
