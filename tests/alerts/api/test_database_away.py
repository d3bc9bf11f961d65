"""A database that answers and does not store: 503, so that senders repeat, and the next session may be better."""

import threading

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.deliveries import opening
from alerts.models import Alert
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_database_that_only_reads_is_one_that_is_away(sender: Sender, clinician: Clinician) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "5"
    assert not Alert.objects.exists()
    assert sender.post(an_alert()).status_code == 202, "in another session, which may be with another server"


def test_a_locked_table_is_one_that_is_away(sender: Sender, clinician: Clinician) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")

        answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert sender.post(an_alert()).status_code == 202


def test_a_locked_table_is_waited_for_once(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(message_id="before"))  # from now on the token is known
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")

        with CaptureQueriesContext(connection) as others:
            answer = sender.post(an_alert())

    assert answer.status_code == 503
    assert [query["sql"] for query in others] == [], "beside the one statement of intake"


def test_a_sender_that_cannot_be_looked_up_is_looked_up_once(
    sender: Sender, clinician: Clinician, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE clients_apitoken IN ACCESS EXCLUSIVE MODE")

        answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert not any("refusal.not_entered" in str(record.msg) for record in caplog.records)


def test_relays_that_cannot_be_woken_cost_nothing(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "DUE_CHANNEL", "no channel")  # refused by PostgreSQL, as with a full queue

    answer = sender.post(an_alert())

    assert answer.status_code == 202
    assert Alert.objects.get().deliveries.count() == 1


ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
CANCELLED = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"


@pytest.mark.parametrize("query", [ENDED, CANCELLED], ids=["ended", "cancelled"])
def test_a_session_that_is_ended_or_cancelled_at_work_is_a_database_that_is_away(
    query: str, sender: Sender, clinician: Clinician
) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        # So that the request is at work for a while.
        other.execute("LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")
        answered = threading.Event()
        stopper = threading.Thread(target=stop_who_waits, args=(query, other.info.backend_pid, answered))
        stopper.start()

        try:
            answer = sender.post(an_alert())
        finally:
            answered.set()
            stopper.join()

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert not Alert.objects.exists()
    assert sender.post(an_alert()).status_code == 202


def stop_who_waits(query: str, holder: int, answered: threading.Event) -> None:
    """Until the request is answered, stop whoever waits for a lock of this session: it tries in another one, too."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as administrator:
        while not answered.wait(0.05):
            administrator.execute(query.encode(), [holder])
