"""The statistics of the report of answers: what each counts, and that the list finds the same alerts."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.answer_report import statistics
from alerts.answer_report.conditions import BY_STAFF, NOBODY, Counted, Dimension, Figure
from alerts.escalation import asking, ending, steps
from alerts.models import Alert, Engagement, Loop
from alerts.states import AlertState, Proof, ResponseKind, Why
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import route
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, let_time_run_out, refuse_all
from tests.oncall.factories import MINUTE, make_colleague, make_plan

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
TAKEN_AFTER = timedelta(minutes=30)


@pytest.fixture
def fates(ask: Ask, store: Store, clinician: Clinician, colleague: Clinician) -> dict[str, Alert]:
    """An alert for each thing that can become of one, and one without a plan."""
    Clinician.objects.filter(pk=clinician.pk).update(department="Ward 4")
    make_colleague("C-3", department="ward4", sms_number="+447700900203")
    make_colleague("C-4", department="", sms_number="+447700900204")
    make_plan(None, colleague, name="High")
    make_plan(None, priority=M, name="Medium", wait=10 * MINUTE)
    found = {name: ask() for name in ("in time", "went on", "declined", "not reached", "asked", "withdrawn")}
    found["late"] = store(M, "C-3").alert
    found["by staff"] = store(M, "C-4").alert
    found["no plan"] = store(L).alert

    answer(found["in time"], "C-1")
    let_time_run_out(found["went on"])
    answer(found["went on"], "C-2", proof=Proof.SMS)
    for person in ("C-1", "C-2"):
        answer(found["declined"], person, ResponseKind.DECLINE)
        steps.take_up_due()
    refuse_all(found["not reached"])
    steps.take_up_due()
    ending.end(found["withdrawn"], AlertState.WITHDRAWN)
    let_time_run_out(found["late"])
    answer(found["late"], "C-3", proof=Proof.LINK)
    _send_to(colleague, found["by staff"])
    answer(found["by staff"], "C-2")
    _take_back(found["late"], TAKEN_AFTER)
    return found


def _send_to(clinician: Clinician, alert: Alert) -> None:
    """As staff do, twice over."""
    found = route(clinician, Priority(alert.priority))
    asking.ask(alert, asking.Asked(clinician, found, Why.STAFF), wait=MINUTE)
    Engagement.objects.filter(alert=alert, clinician=clinician).update(state="undefined", ended_at=Now())
    asking.ask(alert, asking.Asked(clinician, found, Why.STAFF), wait=MINUTE)


def _take_back(alert: Alert, time: timedelta) -> None:
    """As if it had come so much earlier."""
    Alert.objects.filter(pk=alert.pk).update(created_at=F("created_at") - time)
    Loop.objects.filter(alert=alert).update(created_at=F("created_at") - time)


def test_each_alert_is_counted_for_what_became_of_it(fates: dict[str, Alert]) -> None:
    found = statistics.read(Alert.objects.all(), unit="day")

    assert dict(found.total.counts) == {
        Figure.WANTED: 8,
        Figure.ACCEPTED: 4,
        Figure.ESCALATED: 4,
        Figure.DECLINED: 1,
        Figure.UNDEFINED: 2,
        Figure.UNREACHABLE: 1,
        Figure.IN_TIME: 3,
        Figure.LATE: 1,
        Figure.EXHAUSTED: 1,
        Figure.ENDED: 1,
        Figure.UNDER_WAY: 2,
    }
    assert found.total.share_in_time == 3 / 8
    names = {by: [line.name for line in lines] for by, lines in found.groups.items()}
    assert names == {
        Dimension.PRIORITY: ["High", "Medium"],
        Dimension.DEPARTMENT: ["Ward 4", "No department"],
        Dimension.PLAN: ["High", "Medium"],
        Dimension.STEP: ["Step 1", "Step 2", "Asked by staff"],
        Dimension.PROOF: ["Key pressed in a call", "Reply by SMS", "Link in a message", "Nobody accepted"],
    }
    by_step = {line.value: line.counts for line in found.groups[Dimension.STEP]}
    assert [by_step[value][Figure.WANTED] for value in ("1", "2", BY_STAFF)] == [8, 3, 1]
    assert by_step[BY_STAFF][Figure.UNDEFINED] == by_step[BY_STAFF][Figure.ACCEPTED] == 1


def test_each_alert_is_counted_on_the_day_on_which_it_came(fates: dict[str, Alert]) -> None:
    days = timedelta(days=1)
    _take_back(fates["went on"], days)
    _take_back(fates["not reached"], 40 * days)
    wanted = Loop.objects.values_list("alert__created_at", flat=True)

    found = statistics.read(Alert.objects.all(), unit="day").over_time

    assert list(found) == sorted(found)
    assert {day: line.counts[Figure.WANTED] for day, line in found.items()} == Counter(
        timezone.localdate(at) for at in wanted
    )


def test_each_number_counts_exactly_the_alerts_of_the_list(fates: dict[str, Alert]) -> None:
    found = statistics.read(Alert.objects.all(), unit="day")
    lines = [(None, found.total), *((by, line) for by, some in found.groups.items() for line in some)]

    listed = {}
    for by, line in lines:
        for figure in line.counts:
            counted = Counted.read(str(Counted(figure, by, line.value)))
            assert counted is not None
            listed[str(counted)] = counted.of(Alert.objects.all()).count()

    assert listed == {
        str(Counted(figure, by, line.value)): count
        for by, line in lines
        for figure, count in line.counts.items()
    }
    declined = Counted(Figure.DECLINED).of(Alert.objects.all())
    assert list(declined) == [fates["declined"]]


def test_the_time_until_somebody_accepted_begins_with_the_alert(ask: Ask) -> None:
    alerts = {minutes: ask() for minutes in (1, 2, 3, 3.5, 20)}
    for minutes, alert in alerts.items():
        answer(alert, "C-1")
        _take_back(alert, minutes * MINUTE)

    total = statistics.read(Alert.objects.all(), unit="day").total

    about = timedelta(seconds=25)  # the test takes its time
    assert total.half is not None
    assert total.most is not None
    assert total.longest is not None
    assert abs(total.half - 3 * MINUTE) < about
    assert abs(total.most - 13.4 * MINUTE) < about
    assert abs(total.longest - 20 * MINUTE) < about
    assert total.longest_key == alerts[20].pk
    assert (total.counts[Figure.IN_TIME], total.counts[Figure.LATE]) == (
        4,
        1,
    )  # of two minutes for each of two people


def test_who_handed_it_back_does_not_have_it(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)

    counts = statistics.read(Alert.objects.all(), unit="day").total.counts

    assert (counts[Figure.ACCEPTED], counts[Figure.DECLINED], counts[Figure.UNDER_WAY]) == (0, 1, 1)


def test_it_takes_three_queries_however_many_alerts_there_are(fates: dict[str, Alert]) -> None:
    with CaptureQueriesContext(connection) as queries:
        statistics.read(Alert.objects.all(), unit="month")

    assert len(queries) == 3


def test_nothing_is_counted_where_nobody_was_asked(store: Store) -> None:
    store(H)

    found = statistics.read(Alert.objects.all(), unit="day")

    assert set(found.total.counts.values()) == {0}
    assert (found.total.half, found.total.longest, found.total.share_in_time) == (None, None, None)
    assert not any(found.groups.values())


@pytest.mark.parametrize(
    "written",
    [
        "",
        "everything",
        "declined.ward.4",
        "declined.priority.X",
        "declined.plan.none",
        f"declined.plan.{'9' * 30}",
        "declined.step.0",
        "declined.step.99",
        "exhausted.step.1",
        "accepted.proof.promise",
        "accepted.department.\0",
    ],
)
def test_a_value_that_is_not_in_the_report_counts_nothing(written: str) -> None:
    assert Counted.read(written) is None


def test_a_number_is_explained_in_words(clinician: Clinician) -> None:
    plan = make_plan(None, name="Nights")
    made = {
        Counted(Figure.DECLINED): "Declined",
        Counted(Figure.LATE, Dimension.PRIORITY, H): "Accepted later, High",
        Counted(Figure.ENDED, Dimension.DEPARTMENT): "Ended without an answer, No department",
        Counted(Figure.WANTED, Dimension.PLAN, str(plan.pk)): "Wanted an answer, plan “Nights”",
        Counted(Figure.ACCEPTED, Dimension.STEP, "2"): "Accepted, Step 2",
        Counted(Figure.WANTED, Dimension.PROOF, NOBODY): "Wanted an answer, Nobody accepted",
    }

    assert {counted: counted.in_words() for counted in made} == made
    assert {Counted.read(str(counted)) for counted in made} == set(made)
