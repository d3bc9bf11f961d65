"""The numbers and charts of Home."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from alerts import intake
from alerts.deliveries.retry import LeaveInDoubt
from alerts.models import Alert, Delivery
from alerts.states import AlertStatus, Reason
from alerts.statistics import AlertCount, Latency, Period
from clients.models import ApiClient
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from staff.home import charts, page
from staff.roles import Role
from tests.alerts.factories import end, send
from tests.factories import an_alert
from tests.oncall.factories import make_colleague, make_plan
from tests.staff.home.visits import home_of
from tests.staff.users import NO_ROLE, SUPERUSER

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("person", [Role.INTEGRATORS.value, Role.PREFERENCE_EDITORS.value, NO_ROLE])
def test_statistics_need_permission_to_view_alerts(something_of_each_kind: None, person: str) -> None:
    shown = home_of(person).get("/admin/").context

    assert not [name for name in ("totals", "over_time", "latency") if name in shown]


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
