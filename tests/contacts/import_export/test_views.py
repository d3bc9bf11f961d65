"""Import and export of clinicians: the preview, and what is saved."""

import csv
import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.import_export import views
from contacts.import_export.save import REASON
from contacts.models import Clinician
from tests.contacts.crowd import make_crowd
from tests.contacts.import_export.files import (
    CSV,
    EXPORT,
    HEADING,
    IMPORT,
    NEW,
    PROCESS,
    XLSX,
    changes,
    confirm,
    export,
    look,
    said,
    stored,
    wrong,
)
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


def test_a_new_clinician_is_shown_and_then_added(admin_client: Client, admin_user: User) -> None:
    looked = look(admin_client, f"{HEADING}\n{NEW}\n")

    assert not Clinician.objects.exists()
    assert ("call_number", "", "+447700900109") in changes(looked)[2]

    assert said(confirm(admin_client, looked)) == ["The file is imported: 1 new."]
    added = Clinician.objects.get()
    assert (added.contact_id, added.call_number, added.active) == ("C-9", "+447700900109", True)
    assert preferences.channels_by_priority(added) == {HIGH: [CALL, EMAIL], MEDIUM: [EMAIL], LOW: []}
    (entry,) = added.history.all()
    assert (entry.history_type, entry.history_user, entry.history_change_reason) == ("+", admin_user, REASON)
    assert entry.channels["H"] == ["call", "email"]


def test_a_change_shows_old_and_new_and_is_one_history_entry(
    admin_client: Client, clinician: Clinician
) -> None:
    before = clinician.history.count()

    looked = look(admin_client, "contact_id,department,high\nC-1,Surgery,sms > call\n")

    assert changes(looked) == {2: [("department", "", "Surgery"), ("high", "call > sms", "sms > call")]}
    page = looked.content.decode()
    assert "<del>call &gt; sms</del> → <ins>sms &gt; call</ins>" in page
    confirm(admin_client, looked)
    clinician.refresh_from_db()
    assert clinician.department == "Surgery"
    assert preferences.channels_by_priority(clinician)[HIGH] == [SMS, CALL]
    assert clinician.history.count() == before + 1
    assert clinician.history.first().department == "Surgery"


def test_a_missing_column_changes_nothing_and_an_empty_cell_deletes(
    admin_client: Client, clinician: Clinician
) -> None:
    Clinician.objects.update(role="Registrar", department="Surgery")

    confirm(admin_client, look(admin_client, "contact_id,role,low\nC-1,,\n"))

    clinician.refresh_from_db()
    assert (clinician.role, clinician.department) == ("", "Surgery")
    assert preferences.channels_by_priority(clinician) == {HIGH: [CALL, SMS], MEDIUM: [SMS], LOW: []}


@pytest.mark.parametrize(
    ("heading", "cells", "column", "sentence"),
    [
        ("call_number", "07700 9", "call_number", "too many or too few digits"),
        (
            "sms_number",
            "4.47701E+11",
            "sms_number",
            "A spreadsheet has shortened this number, and digits are lost.",
        ),
        ("email", "someone", "email", "Enter a valid email address."),
        ("high", "call > pigeon", "high", "“pigeon” is not a channel. Write call, sms, email, in order"),
        (
            "high",
            "call > call > call > call",
            "high",
            "Telephone call is chosen 4 times: choose it 3 times at most.",
        ),
        ("active", "perhaps", "active", "Write yes or no."),
        ("name", "", "name", "This cell may not be empty."),
        ("name", "x" * 201, "name", "at most 200 characters"),
        ("email", "", "low", "email needs email: fill it in, or take email out."),
        ("name", "Be\0ll", "name", "There is a control character in it (U+0000): take it out."),
        ("name", "Bell\x07", "name", "There is a control character in it (U+0007): take it out."),
    ],
)
def test_a_fault_names_row_and_column_and_nothing_is_saved(
    admin_client: Client, clinician: Clinician, heading: str, cells: str, column: str, sentence: str
) -> None:
    before = stored()

    looked = look(
        admin_client,
        f"contact_id,department,{heading}\nC-1,Surgery,{cells}\n",
    )

    ((row, where, what),) = wrong(looked)
    assert (row, where) == (2, column)
    assert sentence in what
    assert what in looked.content.decode().replace("&gt;", ">").replace("&#x27;", "'")
    assert stored() == before


def test_one_invalid_row_blocks_the_whole_file(admin_client: Client) -> None:
    looked = look(admin_client, f"{HEADING}\n{NEW}\n\n,No ID,,,,,,yes,,,\n")

    assert wrong(looked) == [(4, "contact_id", "This cell may not be empty.")]
    assert not Clinician.objects.exists()


def test_a_contact_id_twice_in_the_file_is_refused(admin_client: Client, clinician: Clinician) -> None:
    looked = look(admin_client, "contact_id,name\nC-1,One\nC-1,Two\n")

    assert wrong(looked) == [(3, "contact_id", "This contact ID is in row 2 already: keep one of the two.")]
    assert list(changes(looked)) == [2]


def test_a_new_clinician_needs_a_name(admin_client: Client) -> None:
    looked = look(admin_client, "contact_id,department\nC-9,Surgery\n")

    assert wrong(looked) == [
        (2, "name", "This contact ID is new, and a new clinician needs a name: add the column name.")
    ]


def test_an_invalid_address_of_a_new_clinician_is_one_fault(admin_client: Client) -> None:
    looked = look(admin_client, "contact_id,name,call_number,high\nC-9,Asha,07700 9,call\n")

    assert [column for _row, column, _sentence in wrong(looked)] == ["call_number"]


def test_the_preview_shows_valid_rows_beside_an_invalid_one(
    admin_client: Client, clinician: Clinician
) -> None:
    looked = look(admin_client, "contact_id,name\nC-1,Asha Okafor\n,Nobody\nC-7,Dara Murphy\n")

    assert wrong(looked) == [(3, "contact_id", "This cell may not be empty.")]
    page = looked.content.decode()
    assert page.index("This cell may not be empty.") < page.index("<ins>Asha Okafor</ins>")
    assert "<p>1 new, 1 changed. None of it" in page


def test_a_long_preview_shows_the_first_rows_and_counts_the_rest(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, clinician: Clinician
) -> None:
    monkeypatch.setattr("contacts.import_export.comparison.SHOWN", 1)

    changing = look(admin_client, "contact_id,name\nC-1,One\nC-2,Two\nC-3,Three\n").content.decode()
    failing = look(admin_client, "contact_id,name,email,high\nC-1,,x,call > x\n").content.decode()

    assert "And 2 more: 2 new, 0 changed. They are imported with the others." in changing
    assert "Two" not in changing
    assert "And 2 more that are wrong." in failing


def test_the_preview_warns_of_unsafe_and_missing_channels(admin_client: Client, clinician: Clinician) -> None:
    looked = look(
        admin_client,
        "contact_id,name,active,email,high,low\n"
        "C-1,One,yes,one@ward.example,email,email\nC-2,Two,yes,,,\nC-3,Three,no,,,\n",
    )

    rows = {row.number: row.warnings for row in looked.context["comparison"].rows}
    refused = "No channel for {}: such alerts will be refused, and the sender gets an error."
    risk = "High priority without a call or an SMS may not be noticed in time: add one of the two."
    assert rows == {2: [risk], 3: [refused.format(each) for each in ("High", "Medium", "Low")], 4: []}
    assert f"<li>1 clinician: {risk}</li>" in looked.content.decode()


def test_a_file_leaves_nothing_on_disk_or_in_the_log(
    admin_client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caplog.set_level(logging.DEBUG)

    looked = look(admin_client, f"{HEADING}\n{NEW}\n" + "x" * 3_000_000)
    looked = look(admin_client, f"{HEADING}\n{NEW}\n")
    assert list(tmp_path.iterdir()) == []
    confirm(admin_client, looked)
    look(admin_client, f"{HEADING}\n{NEW.replace('900 109', '900')}\n")

    export(admin_client, XLSX)
    assert list(tmp_path.iterdir()) == []
    logged = " ".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert "Okafor" not in logged
    assert "7700" not in logged


def test_an_expired_or_forged_file_is_not_imported(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = look(admin_client, f"{HEADING}\n{NEW}\n").context["packed"]

    answers = [admin_client.post(PROCESS, {"packed": packed[2:]}, follow=True)]
    monkeypatch.setattr(views, "WAITS", timedelta(seconds=-1))
    answers.append(admin_client.post(PROCESS, {"packed": packed}, follow=True))

    assert [said(answer) for answer in answers] == [["That was too long ago: choose the file again."]] * 2
    assert not Clinician.objects.exists()


def test_the_export_has_the_clinicians_of_the_filtered_list(
    admin_client: Client, clinician: Clinician
) -> None:
    make_clinician("C-2", {}, department="Surgery")

    text = export(admin_client, CSV, department="Surgery").decode("utf-8-sig")

    assert [row["contact_id"] for row in csv.DictReader(StringIO(text))] == ["C-2"]


def test_an_auditor_may_export_and_not_import(auditor: Client, clinician: Clinician) -> None:
    assert auditor.get(IMPORT).status_code == 403
    assert look(auditor, "contact_id,name\nC-1,X\n").status_code == 403
    assert auditor.post(PROCESS, {}).status_code == 403
    assert b"C-1" in export(auditor, CSV)


def test_an_operator_may_not_export(operator: Client, clinician: Clinician) -> None:
    assert operator.get("/admin/contacts/clinician/").status_code == 200
    assert operator.get(EXPORT).status_code == 403
    assert operator.post(EXPORT, {"format": CSV}).status_code == 403


def test_an_export_is_noted_once_without_its_content(
    admin_client: Client, admin_user: User, clinician: Clinician
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = admin_client.post(EXPORT, {"format": CSV})

    noted = Event.objects.filter(name="security.exported").values("user", "detail")
    assert list(noted) == [{"user": admin_user.pk, "detail": "contacts_clinician_export: 1"}]
    assert [log for log in logs if "exported" in log["event"]] == [], "once committed, the event is the line"
    assert "Bleep-Rows" not in answer


def test_two_hundred_rows_cost_as_many_queries_as_ten(admin_client: Client) -> None:
    make_crowd(200)
    rows = export(admin_client, CSV).decode("utf-8-sig").splitlines()

    def queries(number: int, department: str) -> tuple[int, int]:
        content = "\n".join(rows[: number + 1]).replace(",Crowd,", f",{department},")
        with CaptureQueriesContext(connection) as looking:
            looked = look(admin_client, content)
        with CaptureQueriesContext(connection) as saving:
            answer = confirm(admin_client, looked)
        assert said(answer) == [f"The file is imported: {number:,} changed."]
        return len(looking), len(saving)

    assert queries(10, "Surgery") == queries(200, "Cardiology")
