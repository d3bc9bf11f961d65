"""The nights in which the clocks go back or forward: waits and covers are as long as people expect."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from alerts.escalation import steps
from alerts.models import Engagement, Loop
from contacts.models import Clinician
from oncall.models import Cover
from tests.alerts.escalation.factories import Ask, asked
from tests.oncall.factories import make_colleague

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")
BACK, FORWARD = datetime(2026, 10, 25, tzinfo=LONDON), datetime(2027, 3, 28, tzinfo=LONDON)
"""Midnight before the clocks go back at 2, and forward at 1."""
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Clock:
    """PostgreSQL's clock, as the session of the test reads it."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                CREATE SCHEMA night;
                CREATE FUNCTION night.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
                    AS $$ SELECT current_setting('night.now')::timestamptz $$;
                ALTER TABLE alerts_engagement ALTER asked_at SET DEFAULT night.statement_timestamp();
                SET LOCAL search_path = night, pg_catalog, public
                """
            )

    def set(self, moment: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('night.now', %s, true)", [moment.isoformat()])


@pytest.fixture
def clock(db: None) -> Clock:
    return Clock()


def later(moment: datetime, by: timedelta) -> datetime:
    """By a clock that nobody changes. Python would count the hours of the wall."""
    return datetime.fromtimestamp(moment.timestamp() + by.total_seconds(), LONDON)


@pytest.mark.parametrize("wait", [HOUR, 24 * HOUR], ids=str)
@pytest.mark.parametrize("midnight", [BACK, FORWARD], ids=["back", "forward"])
def test_a_person_has_as_long_as_in_any_other_night(
    clock: Clock, ask: Ask, midnight: datetime, wait: timedelta
) -> None:
    begins = later(midnight, HOUR / 2)
    clock.set(begins)
    alert = ask(wait=wait)
    due = later(begins, wait)
    loop = Loop.objects.get(alert=alert)
    assert loop.due_at
    assert loop.due_at.timestamp() == due.timestamp()
    clock.set(later(due, -SECOND))
    assert steps.take_up_due() == 0
    clock.set(due)
    assert steps.take_up_due() == 1
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "asked")]
    second = Engagement.objects.get(alert=alert, number=2)
    assert second.due_at.timestamp() == later(due, wait).timestamp()


@pytest.mark.parametrize("midnight", [BACK, FORWARD], ids=["back", "forward"])
def test_a_cover_ends_when_the_hospitals_clock_says_so(
    clock: Clock, ask: Ask, colleague: Clinician, midnight: datetime
) -> None:
    ends = midnight.replace(hour=8)
    by = make_colleague("C-3")
    Cover.objects.create(clinician=colleague, by=by, period=(midnight - 4 * HOUR, ends))
    for moment, who in ((later(ends, -SECOND), "C-3"), (ends, "C-2")):
        clock.set(later(moment, -HOUR))
        alert = ask(None, colleague, wait=HOUR) if who == "C-3" else ask()
        clock.set(moment)
        steps.take_up_due()
        assert asked(alert) == [("C-1", "undefined"), (who, "asked")]
