"""What others change between the preview of a file and its import, or at the same moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from config.database import Lock
from contacts import locks
from contacts.import_export.comparison import compare, is_still_so
from contacts.import_export.reading.table import FileRow
from contacts.models import Clinician
from tests.contacts.import_export.files import HEADING, NEW, confirm, look, said
from tests.environment import database_url
from tests.factories import make_clinician
from tests.processes import wait_until

pytestmark = pytest.mark.django_db


def test_a_change_between_preview_and_confirmation_stops_the_import(
    admin_client: Client, clinician: Clinician
) -> None:
    looked = look(admin_client, "contact_id,department\nC-1,Surgery\n")
    Clinician.objects.update(department="Cardiology")

    answer = confirm(admin_client, looked)

    assert said(answer)[0].startswith("Somebody has changed these clinicians since you looked")
    clinician.refresh_from_db()
    assert clinician.department == "Cardiology"


def test_a_row_that_became_invalid_blocks_the_whole_file(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("C-2", {})
    looked = look(admin_client, "contact_id,department,low\nC-1,Surgery,email\nC-2,Surgery,email\n")
    Clinician.objects.filter(contact_id="C-2").update(email="")

    answer = confirm(admin_client, looked)

    assert said(answer) == ["Something has changed since you looked: nothing is saved."]
    assert not Clinician.objects.filter(department="Surgery").exists()


def test_a_file_sent_twice_is_imported_once(admin_client: Client) -> None:
    looked = look(admin_client, f"{HEADING}\n{NEW}\n")

    answers = [said(confirm(admin_client, looked)) for _ in range(2)]

    assert answers == [
        ["The file is imported: 1 new."],
        ["This file has been imported already: there is nothing left to change."],
    ]


def test_an_import_is_refused_while_somebody_holds_the_clinician(admin_client: Client, held: None) -> None:
    looked = look(admin_client, "contact_id,department\nC-1,Surgery\n")

    assert said(confirm(admin_client, looked))[0].startswith("Clinicians are being imported or changed")
    assert not Clinician.objects.filter(department="Surgery").exists()


def test_a_last_look_waits_for_others(held: None) -> None:
    rows = compare([FileRow(2, {"contact_id": "C-1"})]).rows

    with pytest.raises(locks.LockedError), locks.transaction_with_locks():
        is_still_so(rows)


@pytest.fixture
def other(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A transaction of somebody else, who imports a file."""
    with psycopg.connect(database_url(str(connection.settings_dict["NAME"]))) as importing:
        importing.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.IMPORT])
        yield importing


@pytest.mark.parametrize(
    ("contact_id", "department", "sentence"),
    [
        ("C-1", "Surgery", "This file has been imported already: there is nothing left to change."),
        ("C-1", "Cardiology", "Somebody has changed these clinicians since you looked"),
        ("C-2", "Cardiology", "Somebody has changed these clinicians since you looked"),
        ("C-3", "Cardiology", "The file is imported: 1 changed, 1 row without a change."),
    ],
)
def test_a_change_after_the_comparison_is_seen_before_anything_is_saved(
    other: psycopg.Connection, admin_client: Client, contact_id: str, department: str, sentence: str
) -> None:
    for each in ("C-1", "C-2", "C-3"):
        make_clinician(each, {})
    looked = look(admin_client, "contact_id,department\nC-1,Surgery\nC-2,\n")

    with ThreadPoolExecutor(1) as pool:
        confirming = pool.submit(_confirm, admin_client, looked)
        wait_until(_an_import_waits, what="the file is compared, and waits for the other import")
        Clinician.objects.filter(contact_id=contact_id).update(department=department)
        other.commit()

    assert said(confirming.result())[0].startswith(sentence)


def test_each_person_has_one_file_read_at_a_time(
    transactional_db: None, admin_client: Client, admin_user: User
) -> None:
    with psycopg.connect(database_url(str(connection.settings_dict["NAME"]))) as busy:
        busy.execute("SELECT pg_advisory_lock(%s)", [(Lock.IMPORT << 32) + admin_user.pk])
        looked = look(admin_client, "contact_id,name\nC-9,New\n")

    assert said(looked) == [locks.ONE_FILE]
    assert "packed" not in looked.context
    assert look(admin_client, "contact_id,name\nC-9,New\n").context["packed"]


def _confirm(client: Client, looked: Any) -> Any:
    try:
        return confirm(client, looked)
    finally:
        connection.close()


def _an_import_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone() is not None
