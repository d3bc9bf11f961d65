"""`manage.py expire`: what an alert says goes, and what became of it stays."""

import io
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from alerts.models import Alert, AlertAction, Attempt, Delivery, InboundMessage, Loop, Response
from alerts.states import AlertState, DeliveryState, Reason
from audit import verification
from audit.models import Event, EventName
from clients.models import ApiClient
from config import database
from config.security import privileges
from contacts.masking import EXPIRED
from contacts.models import Clinician
from oncall.models import Cover
from retention import blanking, run, texts
from tests.environment import database_url
from tests.processes import wait_until
from tests.retention import old
from tests.retention.old import SECRETS, standing, tables_with

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
ROLE = "bleep_that_expires"


def everything(*but: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of the ledger, without these columns."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in but}
            for row in model.objects.order_by("pk").values()
        ]
        for model in (Alert, Delivery, Attempt, Loop, Response, AlertAction, InboundMessage)
    }


def command(*args: str) -> str:
    said = io.StringIO()
    call_command("expire", *args, stdout=said)
    return said.getvalue()


def test_an_alerts_texts_go_and_its_skeleton_stays(alert: Alert) -> None:
    texts_of = ("type", "patient_id", "description", "address", "note", "told", "text", "sender")
    verification.run()
    before = everything(*texts_of)
    assert all(tables_with(secret) for secret in SECRETS)

    said = command()

    assert standing(*SECRETS) == {}
    assert everything(*texts_of) == before
    assert "alerts_delivery 1" in said
    verification.run()
    verdict = verification.everything()
    assert (verdict.problems, verdict.expired) == ([], 2)
    event = Event.objects.get(name=EventName.EXPIRED)
    assert "alerts_alert 1" in event.detail
    assert "(expired)" in str(Alert.objects.get().description)
    command()
    assert Event.objects.filter(name=EventName.EXPIRED).count() == 1, "once"


def test_an_alert_under_way_or_not_old_enough_stays(
    lab: ApiClient, clinician: Clinician, staff: User
) -> None:
    recent, waiting, asked, noted = (
        old.take(lab, days=days, message_id=name)
        for name, days in (("recent", 89), ("waiting", 100), ("asked", 100), ("noted", 100))
    )
    Delivery.objects.filter(alert=waiting).update(state=DeliveryState.PENDING, finished_at=None)
    old.answered(asked, staff)
    Loop.objects.filter(alert=asked).update(ended_at=None, due_at=old.ago(0), outcome="")
    old.answered(noted, staff, days=2)

    command()

    assert not Alert.objects.filter(description=EXPIRED).exists()
    Delivery.objects.filter(alert=waiting).update(state=DeliveryState.SENT, finished_at=old.ago(91))
    command()
    assert Alert.objects.get(description=EXPIRED) == waiting
    assert recent.created_at > asked.created_at


def test_an_alert_that_staff_have_yet_to_look_after_stays(
    lab: ApiClient, clinician: Clinician, staff: User
) -> None:
    failed, exhausted, test = (old.take(lab, message_id=name) for name in ("failed", "exhausted", "test"))
    badly = {"state": DeliveryState.FAILED, "reason": Reason.INVALID_ADDRESS}
    Delivery.objects.filter(alert__in=(failed, test)).update(**badly)
    Alert.objects.filter(pk=test.pk).update(is_test=True, client=None)
    old.answered(exhausted, staff)
    Alert.objects.filter(pk=exhausted.pk).update(state=AlertState.OPEN)

    command()

    assert set(Alert.objects.exclude(description=EXPIRED)) == {failed, exhausted}, "Home names them"
    Alert.objects.filter(pk__in=(failed.pk, exhausted.pk)).update(state=AlertState.CLOSED)
    command()
    assert Alert.objects.filter(description=EXPIRED).count() == 3


def test_zero_days_are_for_ever(alert: Alert, settings: Settings) -> None:
    settings.KEEP_TEXTS_DAYS = settings.KEEP_ALERTS_YEARS = 0

    assert "kept for ever" in command()
    assert "PAT-4711" in Alert.objects.get().patient_id


def test_a_dry_run_counts_and_changes_nothing(alert: Alert) -> None:
    before = everything()

    assert "addresses are replaced: 1 (" in command("--dry-run")

    assert everything() == before
    assert not Event.objects.filter(name=EventName.EXPIRED).exists()


def test_old_addresses_of_the_history_go_and_the_present_ones_stay(clinician: Clinician) -> None:
    entries = clinician.history
    for number in ("+447700900771", "+447700900772", "+447700900773"):
        clinician.sms_number = number
        clinician.save()
    for back, pk in enumerate(entries.order_by("-history_id").values_list("pk", flat=True)):
        entries.filter(pk=pk).update(history_date=old.ago(80 + 20 * back))
    begins = old.ago(120)
    cover = Cover.objects.create(clinician=clinician, period=(begins, old.ago(110)), reason="I am off sick")
    cover.history.update(history_date=begins)

    command()

    kept = list(entries.order_by("history_id").values_list("sms_number", flat=True))[-3:]
    assert kept == [EXPIRED, "+447700900772", "+447700900773"], "the second was replaced 80 days ago"
    assert tables_with("I am off sick") == []
    clinician.refresh_from_db()
    assert clinician.sms_number == "+447700900773"


def test_expired_alerts_are_not_read_again_each_night(lab: ApiClient, clinician: Clinician) -> None:
    stuck = old.take(lab, days=300)
    Delivery.objects.filter(alert=stuck).update(state=DeliveryState.FAILED, reason=Reason.INVALID_ADDRESS)
    for _ in range(5):
        old.take(lab)
    command()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_alert; SET enable_seqscan = off")  # so few would be read as a whole
        plan = texts.waiting(old.ago(90)).explain(analyze=True, costs=False)
        cursor.execute("RESET enable_seqscan")

    assert "alert_with_text" in plan
    assert "Rows Removed by Filter: 1\n" in plan, "the one that nobody deals with"


def test_a_batch_takes_as_many_statements_however_many_alerts_it_has(
    lab: ApiClient, clinician: Clinician, staff: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        old.answered(old.take(lab), staff)

    with transaction.atomic(), django_assert_num_queries(11):
        next(texts.batches(old.ago(90)))
    assert Alert.objects.filter(description=EXPIRED).count() == 3


@pytest.mark.parametrize("broken", ["keep_digests", "notes", "ways_to_answer"])
def test_an_error_in_the_middle_of_a_batch_leaves_it_whole(
    broken: str, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()

    def fail(*_: Any) -> None:
        raise RuntimeError(broken)

    with monkeypatch.context() as patch:
        patch.setattr(blanking, broken, fail)
        with pytest.raises(RuntimeError, match=broken):
            run.run()
    assert everything() == before

    run.run()
    assert standing(*SECRETS) == {}


def test_killed_between_and_in_batches_it_goes_on_where_it_was(
    lab: ApiClient, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = old.take(lab)
    make = {
        name: getattr(first, name)
        for name in (
            "client_id",
            "type",
            "patient_id",
            "contact_id",
            "clinician_id",
            "description",
            "priority",
        )
    }
    created = old.ago(99)
    Alert.objects.bulk_create(
        [
            Alert(**make, message_id=f"more-{number}", created_at=created)
            for number in range(texts.AT_ONCE + 50)
        ]
    )
    last = Alert.objects.latest("id")
    Delivery.objects.create(
        alert=last,
        clinician_id=last.clinician_id,
        priority="M",
        channel="sms",
        address="+447700900777",
        state="sent",
        provider_id="sms-2",
        finished_at=created,
    )
    url = database_url(str(connection.settings_dict["NAME"]))
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT FROM alerts_delivery WHERE alert_id = %s FOR UPDATE", [last.pk])
        process = subprocess.Popen(
            [sys.executable, "manage.py", "expire"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(_somebody_waits, what="the second batch waits for the row", seconds=60)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        finally:
            process.kill()
    wait_until(lambda: not _somebody_waits(), what="PostgreSQL has noticed")
    assert Alert.objects.filter(description=EXPIRED).count() == texts.AT_ONCE

    command()

    told = Event.objects.get(name=EventName.EXPIRED).detail
    assert f"alerts_alert {texts.AT_ONCE + 51}," in told, "with what the killed one had done"
    assert not Alert.objects.exclude(description=EXPIRED).exists()
    assert tables_with("+447700900777") == []


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_locked_alert_is_left_and_nobody_waits(alert: Alert, lab: ApiClient) -> None:
    other = old.take(lab)
    connection.ensure_connection()
    with psycopg.connect(**connection.get_connection_params()) as staff:
        staff.execute("SELECT FROM alerts_alert WHERE id = %s FOR NO KEY UPDATE", [alert.pk])
        command()
        assert Alert.objects.get(description=EXPIRED) == other
    command()
    assert Alert.objects.filter(description=EXPIRED).count() == 2


def test_one_process_expires_at_a_time(alert: Alert) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [database.Lock.EXPIRY])
        with pytest.raises(CommandError, match="Nothing was done"):
            command()


def test_the_role_that_owns_no_table_may_do_all_of_it(
    alert: Alert, lab: ApiClient, clinician: Clinician
) -> None:
    old.take(lab, days=9 * 366)
    old.leave(clinician, days=400)
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                privileges.grant(connection, role=ROLE, password="")
            cursor.execute(f"SET ROLE {ROLE}")
            done = sum((each.done for each in run.run()), Counter[str]())
        finally:
            cursor.execute(f"RESET ROLE; DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
    assert done["alerts_attempt"] == 0
    assert {"alerts_alert", "alerts_response", "contacts_clinician", "contacts_historicalclinician"} <= set(
        done
    )
