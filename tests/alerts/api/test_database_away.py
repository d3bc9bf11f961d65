"""A database that answers and does not store: 503, so that senders repeat, and the next session may be better."""

import psycopg
import pytest
from django.db import connection

from alerts.deliveries import opening
from alerts.models import Alert
from contacts.models import Clinician
from tests.conftest import Sender, an_alert

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


def test_relays_that_cannot_be_woken_cost_nothing(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "DUE_CHANNEL", "no channel")  # refused by PostgreSQL, as with a full queue

    answer = sender.post(an_alert())

    assert answer.status_code == 202
    assert Alert.objects.get().deliveries.count() == 1
