"""Which indexes there are, and that no statement that is made all the time reads a whole table of 20,000 alerts.

But for the lists of what was sent and picked up, and for statistics: as long as it is so short, PostgreSQL would rather
read the table.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts import attention
from alerts.admin import search
from alerts.answers import figures
from alerts.deliveries import claims, lifecycle, queries
from alerts.intake import at_once
from alerts.models import Alert, Delivery
from alerts.monitoring import checks, metrics
from alerts.relay import due
from alerts.sending import breaker, clock, delays, outcomes, send
from alerts.states import AlertStatus
from bench.load import ledger
from clients.models import ApiClient
from contacts.choices import Channel
from tests.alerts.admin.pages import ALERTS, SEARCH

pytestmark = pytest.mark.django_db(transaction=True)

GROWS = "alerts_alert|alerts_delivery|alerts_attempt"
SCAN = re.compile(rf"(?<!Limit)\n *->  Seq Scan on ({GROWS})\b")
"""Below a limit, the scan ends with the first rows."""
COSTS = re.compile(r"  \(cost=.*\)$", re.MULTILINE)
EXPLAINED = re.compile(r"^(SELECT|UPDATE|INSERT|DELETE|\()", re.IGNORECASE)
WHOLE = {
    # A change of a delivery's state gives each of these another entry, and so does the end of an attempt.
    "alerts_delivery": {"alerts_delivery_pkey", "alerts_delivery_alert_id", "delivery_once_per_position"},
    "alerts_attempt": {"alerts_attempt_pkey", "attempt_number_is_unique", "attempt_newest_of_channel"},
    # An alert gives each of these one.
    "alerts_alert": {
        "alerts_alert_pkey",
        "alert_message_id_is_unique",
        "alert_newest",
        "alert_newest_of_client",
        "alert_of_patient",
        "alerts_alert_clinician_id",
    },
}


@pytest.fixture
def full(lab: ApiClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """20,000 alerts of four weeks, with statistics."""
    monkeypatch.setattr(ledger, "SECONDS_APART", 120)
    connection.ensure_connection()
    session = connection.connection
    ledger.fill(session, alerts=20_000, clinicians=1_000, report=lambda _line: None)
    yield
    refusing = ("alerts_alertaction", "alerts_response")
    with connection.cursor() as cursor:
        for name in refusing:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER {name}_is_not_truncated")
        cursor.execute("TRUNCATE alerts_alert, contacts_clinician CASCADE")
        for name in refusing:
            cursor.execute(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_is_not_truncated")


def read_as_a_whole(work: Callable[[], object]) -> list[str]:
    """The statements that read a whole table that grows, with their plans."""
    with CaptureQueriesContext(connection) as made:
        work()
    asked = [query["sql"] for query in made.captured_queries]
    return [found for sql in asked if EXPLAINED.match(sql) for found in reads_a_whole(sql)]


def reads_a_whole(statement: str, values: Mapping[str, Any] | None = None) -> list[str]:
    """The statement, with its plan, if it reads a whole table that grows."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = COSTS.sub("", "\n" + "\n".join(line for (line,) in cursor))
    return [f"{statement}\n{plan}"] if SCAN.search(plan) else []


@pytest.mark.parametrize("table", WHOLE)
def test_no_index_of_a_whole_table_is_one_too_many(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass AND indpred IS NULL",
            [table],
        )
        # Django adds eight digits to the names that it makes.
        assert {re.sub(r"_[0-9a-f]{8}$", "", name) for (name,) in cursor} == WHOLE[table]


def test_no_list_reads_a_whole_table(full: None, admin_client: Client) -> None:
    asked = ["", "?p=20", *(f"?status={status}" for status in ("attention", "doubt", "closed", "in-vain"))]
    asked += [
        f"?status={status.value}"
        for status in (AlertStatus.QUEUED, AlertStatus.FAILED, AlertStatus.CANCELLED)
    ]
    asked += ["?answers=declined", "?answers=accepted.proof.sms", "?answers=in-time.step.2"]
    asked += ["?tests=only", f"?status=failed&created_at_from_0={timezone.localdate():%d/%m/%Y}"]

    for query in asked:
        assert read_as_a_whole(lambda page=ALERTS + query: admin_client.get(page)) == [], query  # type: ignore[misc]


def test_a_search_reads_the_newest_alone(
    full: None, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SEARCHED", 500)

    assert read_as_a_whole(lambda: admin_client.post(SEARCH, {"q": "fill-17"}, follow=True)) == []


def test_no_work_that_is_done_all_the_time_reads_a_whole_table(full: None) -> None:
    delivery = Delivery.objects.latest("created_at")
    work: list[Callable[[], object]] = [
        attention.unreached,
        lambda: figures.read(Alert.objects.all(), unit="day"),
        checks.report,
        metrics.unreviewed_failures,
        clock.mend,
        queries.expired_ids,
        breaker.channels_down,
        delays.outages,
        lambda: outcomes.take_due(50),
        lambda: breaker.has_been_down_for(Channel.SMS, timedelta(minutes=1)),
        lambda: queries.steps_left(delivery),
        lambda: queries.history(delivery),
        lambda: send.deliver(delivery.pk),
    ]

    for each in work:
        assert read_as_a_whole(each) == []


def test_no_statement_of_our_own_reads_a_whole_table(full: None) -> None:
    delivery = Delivery.objects.latest("created_at")
    ours = {"id": delivery.pk, "token": delivery.pk, "lease": timedelta(1)}
    sent = {**ours, "attempt": 1, "provider_id": "p", "ask_after": timedelta(1)}
    new = {
        "message_id": "new",
        "type": "t",
        "patient_id": "p",
        "contact_id": "C-1",
        "description": "d",
        "priority": "L",
    }
    taken = {**new, "delivery_id": delivery.pk, "digest": "d", "used_every": timedelta(1), "traceparent": ""}
    free = {"new": True, "again_after": timedelta(1), "priority": "L", "oldest": 100, "newest": 0}
    statements: list[tuple[str, Mapping[str, Any]]] = [
        (at_once.STATEMENT, taken),
        (due.LOOK, {}),
        (due.TAKE, free),
        (claims.FIND, ours),
        (claims.CLAIM, ours),
        (lifecycle.SENT, sent),
    ]

    for statement, values in statements:
        assert reads_a_whole(statement, values) == []
