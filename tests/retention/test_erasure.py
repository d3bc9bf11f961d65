"""`manage.py erase`: one patient reference or one clinician, at once, with a certificate."""

import io
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from alerts.admin.search import KEY
from alerts.models import Alert, Delivery
from alerts.states import DeliveryState
from audit import verification
from audit.models import Event, EventName
from clients.models import ApiClient
from config import database
from contacts.masking import EXPIRED
from contacts.models import Clinician, EmailSubscription
from retention import erasure, leavers
from tests.retention import old
from tests.retention.old import SECRETS, standing, tables_with

pytestmark = pytest.mark.django_db(transaction=True)


def erase(monkeypatch: pytest.MonkeyPatch, given: str, *args: str) -> str:
    """The command, with this on its standard input."""
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{given}\n"))
    call_command("erase", *args, stdout=said)
    return said.getvalue()


def test_the_search_terms_are_where_they_are_erased() -> None:
    assert erasure.SEARCHES == KEY


def test_a_patient_reference_is_erased_with_a_certificate(
    alert: Alert, lab: ApiClient, operator: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = old.take(lab, patient_id="PAT-9", days=0)
    new = old.take(lab, days=0, message_id="of-PAT-4711")
    operator.post("/admin/alerts/alert/search/", {"q": "PAT-4711 potassium"})

    said = erase(
        monkeypatch,
        "PAT-4711",
        "--patient",
        "--by",
        "Data protection officer",
        "--certificate",
        f"{tmp_path}/c",
    )

    assert set(Alert.objects.filter(description=EXPIRED)) == {alert, new}
    assert tables_with("PAT-4711") == ["alerts_alert"], "in a message ID, as the certificate says"
    assert KEY in operator.session
    assert not operator.session[KEY]
    other.refresh_from_db()
    assert other.description == "Potassium 7.1"
    assert "alerts_alert: 2" in said
    assert "Message IDs that have the reference in them: 1." in said
    assert "PAT-4711" not in said
    assert (tmp_path / "c").read_text() == said
    event = Event.objects.get(name=EventName.ERASED)
    assert erasure.digest(erasure.OF_PATIENT, "PAT-4711") in event.detail
    assert erasure.digest(erasure.OF_PATIENT, "PAT-4711") in said
    assert "Data protection officer" in event.detail
    verification.run()
    assert verification.everything().problems == []


def test_an_alert_under_way_is_not_erased(
    alert: Alert, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = old.take(lab, days=0)
    Delivery.objects.filter(alert=new).update(state=DeliveryState.PENDING, finished_at=None)

    with pytest.raises(CommandError, match="1 of these alerts is still under way"):
        erase(monkeypatch, "PAT-4711", "--patient")

    assert not Alert.objects.filter(description=EXPIRED).exists()
    with pytest.raises(CommandError, match="No alert has this patient reference"):
        erase(monkeypatch, "PAT-4712", "--patient")


def test_it_does_not_run_beside_expiry(alert: Alert, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [database.Lock.EXPIRY])
        with pytest.raises(CommandError, match="Nothing was erased: run this again"):
            erase(monkeypatch, "PAT-4711", "--patient")
    assert tables_with("PAT-4711") == ["alerts_alert"]


@pytest.mark.parametrize("command", ["erase", "expire"])
def test_a_lock_held_for_long_ends_it_with_a_sentence(
    command: str, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> None:
        if command == "erase":
            erase(monkeypatch, "PAT-4711", "--patient")
        else:
            call_command("expire", stdout=io.StringIO())

    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT FROM alerts_delivery FOR UPDATE")
        with pytest.raises(CommandError, match=r"Somebody else had locked .* Run this again"):
            run()
    connection.close()  # forgets the setting

    run()
    assert tables_with("PAT-4711") == []


def test_the_marker_is_not_taken_for_a_reference(
    alert: Alert, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(monkeypatch, "PAT-4711", "--patient")

    with pytest.raises(CommandError, match="No alert has this patient reference"):
        erase(monkeypatch, EXPIRED, "--patient")

    sent = old.take(lab, patient_id=EXPIRED)
    assert "alerts_alert: 1" in erase(monkeypatch, EXPIRED, "--patient")
    sent.refresh_from_db()
    assert sent.description == EXPIRED


def test_a_clinician_is_erased_once_inactive(
    alert: Alert, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="Mark them as inactive"):
        erase(monkeypatch, "C-1", "--clinician")
    old.leave(clinician, days=0)
    sent = Delivery.objects.filter(alert=alert)
    sent.update(state=DeliveryState.PENDING, finished_at=None)
    with pytest.raises(CommandError, match="Something is still being sent to this clinician"):
        erase(monkeypatch, "C-1", "--clinician")
    sent.update(state=DeliveryState.SENT, finished_at=old.ago(100))
    EmailSubscription.objects.all().delete()

    said = erase(monkeypatch, "C-1", "--clinician")

    gone = ("Clinician C-1", "+447700900001", "+447700900002", "clinician@ward.example", *SECRETS[3:])
    assert standing(*gone) == {}
    assert "C-1" not in said
    assert Event.objects.get(name=EventName.ERASED).object_id == str(clinician.pk)
    assert erase(monkeypatch, "C-1", "--clinician") == said, "whoever has lost it gets it again"


@pytest.mark.parametrize(("given", "kind"), [("PAT-4711", "--patient"), ("C-1", "--clinician")])
def test_killed_before_its_certificate_it_gives_that_of_all_it_did(
    given: str,
    kind: str,
    alert: Alert,
    lab: ApiClient,
    clinician: Clinician,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old.take(lab)
    old.leave(clinician, days=0)
    for module in (erasure, leavers):
        monkeypatch.setattr(module, "AT_ONCE", 1)

    def killed(_row: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_certify", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(monkeypatch, given, kind, "--by", "Ada")
    assert not Event.objects.filter(name=EventName.ERASED).exists()

    said = erase(monkeypatch, given, kind, "--by", "Somebody else")

    assert "alerts_alert: 2" in said
    assert "By: Ada" in said
    assert erase(monkeypatch, given, kind) == said
    assert Event.objects.filter(name=EventName.ERASED).count() == 1
