"""An outage is logged when it begins and when it ends, and not with each failure."""

import logging

import pytest
from django.db import connection
from redis.exceptions import OutOfMemoryError

from config import outages
from config.celery import note_that_redis_works
from contacts.models import Clinician
from tests.config.logs.output import LogOutput
from tests.factories import an_alert
from tests.sender import Sender


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of an outage is logged at once, and no earlier test has left one."""
    for outage in (outages.DATABASE, outages.REDIS):
        monkeypatch.setattr(outage, "settled", 0.0)
        outage.works()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_said_once_and_how_many_it_cost(
    at_once: None, log: LogOutput, sender: Sender, clinician: Clinician
) -> None:
    for number in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        assert sender.post(an_alert(message_id=f"m-{number}")).status_code == 503
    assert sender.post(an_alert()).status_code == 202

    assert log.of("database.unavailable")["cause"] == "The database is read-only."
    assert log.of("database.unavailable")["exception"]
    assert log.of("database.available")["failures"] == 3


def test_a_redis_that_refuses_is_said_once(at_once: None, log: LogOutput) -> None:
    """As kombu's timer does, every five seconds, with a traceback."""
    error = OutOfMemoryError()
    for _ in range(3):
        logging.getLogger("kombu.asynchronous.hub").error("Error in timer: %r", error, exc_info=error)
    note_that_redis_works()

    assert [line["event"] for line in log.lines] == ["worker.redis_away", "worker.redis_back"]


def test_one_success_among_failures_ends_nothing(log: LogOutput) -> None:
    outage = outages.Outage(begins="away", ends="back", settled=1000, queue="low")
    for _ in range(2):
        outage.failed(None, "no answer")
        outage.works()
    outage.settled = 0.0
    outage.works()

    lines = [(line["event"], line["queue"], line.get("failures")) for line in log.lines]
    assert lines == [("away", "low", None), ("back", "low", 2)]


def test_a_failure_long_after_the_last_success_is_another_outage(log: LogOutput) -> None:
    outage = outages.Outage(begins="away", ends="back", settled=1000)
    outage.failed(None, "no answer")
    outage.works()
    outage.settled = 0.0  # so much time has passed
    outage.failed(None, "no answer")

    assert [line["event"] for line in log.lines] == ["away", "back", "away"]
