"""Which indexes there are, and that no statement that is made all the time reads a whole table of 20,000 alerts.

But for the lists of what was sent and picked up, and for statistics: as long as it is so short, PostgreSQL would rather
read the table.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from alerts import attention, responses
from alerts.admin import search
from alerts.answer_report import statistics
from alerts.deliveries import claims, lifecycle, queries
from alerts.escalation import clock_correction as waits, ending, responsibility, steps
from alerts.intake import at_once
from alerts.models import Alert, Delivery, Engagement
from alerts.monitoring import loops, metrics, report
from alerts.relay import due
from alerts.responses import Answer, reply_intake
from alerts.responses.reply_text import Reply
from alerts.sending import breaker, clock_correction, delays, outcomes, send
from alerts.states import AlertState, AlertStatus, EngagementState, Proof, ResponseKind
from bench.load import full_database
from clients.models import ApiClient
from contacts.choices import Channel
from tests.alerts.admin.pages import ALERTS, SEARCH
from tests.database import Pristine

pytestmark = pytest.mark.django_db

GROWS = ("alerts_alert", "alerts_delivery", "alerts_attempt")
GROWS_WITH_ANSWERS = (*GROWS, "alerts_loop", "alerts_engagement", "alerts_response", "alerts_replycode")
SCAN = r"(?<!Limit)\n *->  Seq Scan on ({})\b"
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


ASKED = """
UPDATE alerts_alert SET has_loop = true, state = CASE WHEN state = 'open' THEN 'acknowledged' ELSE state END;
UPDATE alerts_alert SET state = 'open' WHERE id IN (SELECT id FROM alerts_alert ORDER BY id DESC LIMIT 40);
INSERT INTO alerts_loop (alert_id, plan, next_step, due_at, ended_at, outcome)
SELECT id, '{"plan_id": 1, "name": "All", "steps": [{"target": "addressed", "clinician_id": null, "wait": 60},
                                                    {"target": "addressed", "clinician_id": null, "wait": 60}]}', 1,
       CASE WHEN state = 'open' THEN now() - interval '1 s' END, CASE WHEN state <> 'open' THEN now() END,
       CASE WHEN state <> 'open' THEN 'accepted' ELSE '' END
FROM alerts_alert;
INSERT INTO alerts_engagement (alert_id, number, clinician_id, step, why, state, due_at, ended_at)
SELECT id, 1, clinician_id, 0, 'addressed', CASE WHEN state = 'open' THEN 'asked' ELSE 'accepted' END,
       now() - interval '1 s', CASE WHEN state <> 'open' THEN now() END
FROM alerts_alert;
UPDATE alerts_delivery SET engagement_id = one.id
FROM alerts_engagement AS one WHERE one.alert_id = alerts_delivery.alert_id;
INSERT INTO alerts_response (alert_id, engagement_id, kind, proof, evidence, effect, note)
SELECT alert_id, id, 'accept', 'sms', 'sms-' || id, 'applied', '' FROM alerts_engagement WHERE state = 'accepted';
INSERT INTO alerts_replycode (engagement_id, address, code, ended_at, released_at)
SELECT id, '+447700900' || lpad((id % 1000)::text, 3, '0'), '0000', now(), now() FROM alerts_engagement;
ANALYZE
"""
"""As if each alert had had a plan. Somebody is asked about the newest 40, whose time is over."""


@pytest.fixture(scope="module")
def full(django_db_setup: Pristine, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """20,000 alerts of four weeks, with statistics. They stay for all tests here, which take back what they change."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_database, "SECONDS_APART", 120)
        connection.ensure_connection()
        ApiClient.objects.create(name="Lab system")
        full_database.fill(connection.connection, alerts=20_000, clinicians=1_000, report=lambda _line: None)
    yield
    with django_db_blocker.unblock():
        django_db_setup.put_back()


def read_as_a_whole(work: Callable[[], object], tables: Sequence[str] = GROWS) -> list[str]:
    """The statements that read a whole table that grows, with their plans."""
    with CaptureQueriesContext(connection) as made:
        work()
    asked = [query["sql"] for query in made.captured_queries]
    return [found for sql in asked if EXPLAINED.match(sql) for found in reads_a_whole(sql, tables=tables)]


def reads_a_whole(
    statement: str, values: Mapping[str, Any] | None = None, tables: Sequence[str] = GROWS
) -> list[str]:
    """The statement, with its plan, if it reads a whole table that grows."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = COSTS.sub("", "\n" + "\n".join(line for (line,) in cursor))
    return [f"{statement}\n{plan}"] if re.search(SCAN.format("|".join(tables)), plan) else []


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
        lambda: statistics.read(Alert.objects.all(), unit="day"),
        report.run,
        metrics.unreviewed_failures,
        clock_correction.correct,
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


def test_asking_and_answering_read_no_whole_table(full: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(ASKED)
        cursor.execute("RESET session_replication_role")
    asked = list(Engagement.objects.filter(state=EngagementState.ASKED).select_related("alert"))
    alerts = [each.alert for each in asked]
    accept = Answer(ResponseKind.ACCEPT, Proof.SMS, "new")
    work: list[Callable[[], object]] = [
        due.look,
        loops.asking,
        waits.correct,
        lambda: responsibility.of(alerts),
        lambda: reply_intake.take(Reply("reply", "+447700900001", "yes", None)),
        lambda: responses.respond(asked[0].pk, accept),
        lambda: ending.end(alerts[1], AlertState.CANCELLED),
        steps.take_up_due,
    ]

    for each in work:
        assert read_as_a_whole(each, GROWS_WITH_ANSWERS) == []
    assert Engagement.objects.filter(number=2).exists()
    assert not due.look().steps, "all had their turn"


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
