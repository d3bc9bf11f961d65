"""The home page: who sees what, its queries, and its cache."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts import intake
from alerts.deliveries.retry import LeaveInDoubt
from alerts.models import Alert, Delivery, RelayHeartbeat
from alerts.monitoring import report
from alerts.states import AlertStatus, Reason
from alerts.statistics import AlertCount, Latency, Period
from clients import tokens
from clients.models import ApiClient
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from staff.home import charts, items, page
from staff.roles import Role
from tests.alerts.conftest import closed_port
from tests.alerts.factories import end, send
from tests.factories import an_alert, make_clinician
from tests.oncall.factories import make_colleague, make_plan
from tests.staff.users import NO_ROLE, PEOPLE, SUPERUSER, make_records, make_user

pytestmark = pytest.mark.django_db

MAX_QUERIES = 31
"""Five of them for a plan that names somebody in doubt."""


def home_of(person: str) -> Client:
    client = Client()
    client.force_login(make_user(person))
    return client


def kinds(client: Client) -> list[str]:
    """The kinds of things that need attention, as the page has them."""
    return re.findall(r'data-kind="([^"]+)"', client.get("/admin/").content.decode())


@pytest.fixture
def something_of_each_kind() -> None:
    records = make_records()  # with an alert that failed
    RelayHeartbeat.objects.create(relay="ward:1")
    preferences.replace(records.clinician, {Priority.LOW: []})
    tokens.issue(client=records.client, expires_at=timezone.now() + timedelta(days=3))
    expired, _secret = tokens.issue(client=records.client, expires_at=timezone.now() - timedelta(hours=1))
    tokens.mark_used(expired)


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


@pytest.mark.parametrize("person", [Role.INTEGRATORS.value, Role.PREFERENCE_EDITORS.value, NO_ROLE])
def test_statistics_need_permission_to_view_alerts(something_of_each_kind: None, person: str) -> None:
    shown = home_of(person).get("/admin/").context

    assert not [name for name in ("totals", "over_time", "latency") if name in shown]


def test_everybody_sees_that_bleep_does_not_send(db: None) -> None:
    assert kinds(home_of(NO_ROLE)) == ["bleep relays_silent"]


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("period", ["day", "week"])
def test_the_page_takes_few_queries(something_of_each_kind: None, person: str, period: str) -> None:
    client = home_of(person)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/admin/?period={period}")

    assert len(queries) <= MAX_QUERIES


def test_results_are_cached(something_of_each_kind: None) -> None:
    client = home_of(SUPERUSER)
    first = client.get("/admin/")

    with CaptureQueriesContext(connection) as queries:
        second = client.get("/admin/")

    assert len(queries) <= 7  # who it is, and how the alerts that are named stand
    assert second.context["statistics_at"] == first.context["statistics_at"]
    assert second.context["attention"].at == first.context["attention"].at


def test_queries_do_not_grow_with_the_number_of_problems(something_of_each_kind: None) -> None:
    for number in range(30):
        make_clinician(f"D-{number}", {Priority.HIGH: [Channel.CALL]})
    client = home_of(Role.AUDITORS.value)

    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/admin/")

    assert len(queries) <= MAX_QUERIES
    assert "and 26 more" in answer.content.decode()


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


@pytest.mark.parametrize(("period", "has_plan"), [("day", False), ("week", False), ("day", True)])
def test_each_number_links_to_exactly_the_alerts_that_it_counts(
    something_of_each_kind: None, period: str, has_plan: bool
) -> None:
    records_client, clinician = ApiClient.objects.get(), Clinician.objects.first()
    assert clinician
    preferences.replace(clinician, {Priority.LOW: [Channel.EMAIL]})
    if has_plan:  # the next person is about to be asked about what one could not be reached with
        make_plan(None, make_colleague("C-2"), priority=Priority.LOW)
    for number, days in enumerate((0, 0, 3, 30, 0)):
        new = intake.NewAlert(**{**an_alert(message_id=f"m-{number}"), "priority": Priority.LOW})
        alert = intake.accept(client=records_client, new=new).alert
        Alert.objects.filter(pk=alert.pk).update(created_at=Now() - timedelta(days=days))
        if number in {1, 2, 3}:
            send(Delivery.objects.get(alert=alert))
    end(
        Delivery.objects.get(alert__message_id="m-4"),
        Reason.ANSWER_LOST,
        LeaveInDoubt(Reason.ANSWER_LOST),
    )
    Alert.objects.filter(message_id="m-1").update(is_test=True, client=None)
    client = home_of(Role.OPERATORS.value)

    totals = client.get(f"/admin/?period={period}").context["totals"]

    listed = {each.label: client.get(each.url).context["cl"].result_count for each in totals}
    assert listed == {each.label: each.alerts for each in totals}
    assert listed["Alerts"] == {"day": 3, "week": 4}[period]
    assert (listed["Queued"], listed.get("May have arrived")) == ((2, None) if has_plan else (1, 1))


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


def test_a_failed_check_is_shown_and_hides_no_other(
    lost_table: Callable[[str], None], something_of_each_kind: None
) -> None:
    client = home_of(SUPERUSER)
    lost_table("clients_apitoken")

    assert set(kinds(client)) == {
        "refused alerts",
        "failed",
        "unreachable",
        "check failed: tokens that expire",
    }


def test_failed_statistics_are_shown(lost_table: Callable[[str], None], something_of_each_kind: None) -> None:
    client = home_of(SUPERUSER)
    lost_table("alerts_attempt")

    page = client.get("/admin/").content.decode()

    assert "could not load its statistics" in page
    assert 'data-kind="failed"' in page


def test_every_finding_has_a_sentence_for_staff(db: None, settings: Any) -> None:
    settings.FRONT_DOOR_URL = f"http://127.0.0.1:{closed_port()}"

    ours = {finding.name for finding in report.findings() if not finding.is_for_staff}
    assert ours == set(items.FINDINGS)


def test_an_unknown_period_is_the_last_day(something_of_each_kind: None) -> None:
    assert home_of(SUPERUSER).get("/admin/?period=century").context["period"] == "last 24 hours"


@pytest.mark.parametrize(("period", "pieces"), [(Period.DAY, 25), (Period.WEEK, 8)])
def test_hours_and_days_without_alerts_are_in_the_chart(period: Period, pieces: int) -> None:
    now = timezone.now()
    at = list(charts._starts(period, now))  # noqa: SLF001 - as the database cuts them

    chart = charts.over_time([AlertCount(at[-1], Priority.HIGH, AlertStatus.SENT, 7)], period, now)

    assert f"{[0] * (pieces - 1) + [7]}" in chart.data
    assert "with 7" in chart.description


def test_the_hour_that_the_clocks_repeat_is_in_the_chart_twice() -> None:
    noon = datetime(2026, 10, 25, 12, tzinfo=UTC)
    places = list(charts._starts(Period.DAY, noon))  # noqa: SLF001 - as the database cuts them
    twice = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]

    chart = charts.over_time(
        [AlertCount(at, Priority.HIGH, AlertStatus.SENT, 7) for at in twice], Period.DAY, noon
    )

    assert len(set(places)) == 25
    assert json.loads(chart.data)["datasets"][0]["data"].count(7) == 2
    assert json.loads(chart.data)["labels"].count("01:00") == 2


def test_failures_are_urgent_while_one_is_open() -> None:
    now = timezone.now()
    dealt_with = AlertCount(now, Priority.LOW, AlertStatus.FAILED, 3, dealt_with=True)
    still_open = AlertCount(now, Priority.LOW, AlertStatus.FAILED, 1)
    in_doubt = AlertCount(now, Priority.LOW, AlertStatus.FAILED, 7, in_doubt=True)

    (*_others, settled) = page._totals([dealt_with], now)  # noqa: SLF001 - what is shown of it
    (*_others, unsettled) = page._totals([dealt_with, still_open], now)  # noqa: SLF001

    assert (settled.alerts, settled.urgent, settled.note) == (3, False, "3 dealt with")
    assert (unsettled.alerts, unsettled.urgent, unsettled.note) == (4, True, "3 dealt with")
    (*_others, doubtful, failed) = page._totals([still_open, in_doubt], now)  # noqa: SLF001
    assert (doubtful.label, doubtful.alerts, doubtful.urgent) == ("May have arrived", 7, True)
    assert (failed.label, failed.alerts, failed.note) == ("Failed", 1, "")


def test_the_table_has_totals() -> None:
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
        (0.04, "less than 0.1 s"),
        (1.25, "1.2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (11_400, "3 h 10 min"),
    ],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    _chart, table = charts.time_to_provider([Latency(Channel.SMS, 1, seconds, seconds)])
    assert table.rows == (("SMS", "1", words, words),)


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


@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads_still_shows_what_is_wrong() -> None:
    client = home_of(Role.OPERATORS.value)
    client.get("/admin/")
    caches["process"].clear()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer = client.get("/admin/")
    finally:
        connection.close()

    assert answer.status_code == 200
    assert "bleep relays_silent" in re.findall(r'data-kind="([^"]+)"', answer.content.decode())
    assert "The database is read-only. So no relay can send or report" in answer.content.decode()
    assert "start manage.py relay" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_locked_is_waited_for_once() -> None:
    client = home_of(Role.OPERATORS.value)
    client.get("/admin/")
    caches["process"].clear()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")

        with CaptureQueriesContext(connection) as asked:
            answer = client.get("/admin/")

    connection.close()
    assert re.findall(r'data-kind="([^"]+)"', answer.content.decode()) == ["database"]
    assert "Somebody has locked a table of alerts." in answer.content.decode()
    assert sum("alerts_alert" in each["sql"] for each in asked) == 1
