"""CSV and XLSX: what spreadsheet programs make of them, what is read, and what is refused."""

import csv
import re
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.test import Client

from contacts import spreadsheets
from contacts.columns import COLUMNS
from contacts.models import Clinician
from tests.conftest import make_clinician
from tests.contacts.files import CSV, XLSX, changes, confirm, export, look, refused, stored

pytestmark = pytest.mark.django_db

NASTY = ["=1+1", "+441", "-x", "@x", "\ttab", "\rline", "'=x", "''+x", "＝1", 'quote " , ; end', "a\nb"]
"""Formulas, what looks like a defused one, and what has to be quoted."""


@pytest.mark.parametrize("number", [XLSX, CSV])
@pytest.mark.parametrize("text", NASTY)
def test_a_round_trip_of_an_exported_file_changes_nothing(
    admin_client: Client, clinician: Clinician, number: str, text: str
) -> None:
    Clinician.objects.update(name=text, role=text, department=text)
    before = stored()

    looked = look(admin_client, export(admin_client, number))

    assert changes(looked) == {}
    assert stored() == before


@pytest.mark.parametrize("text", NASTY[:6])
def test_what_a_new_clinician_is_called_survives_the_way_through_csv(
    admin_client: Client, clinician: Clinician, text: str
) -> None:
    Clinician.objects.update(name=text)
    exported = export(admin_client, CSV)
    Clinician.objects.all().delete()

    confirm(admin_client, look(admin_client, exported))

    assert Clinician.objects.get().name == text.strip()


def test_no_cell_of_an_exported_csv_is_a_formula(admin_client: Client) -> None:
    for number, text in enumerate(NASTY):
        make_clinician(f"={number}", {}, name=text, role=text, department=text)

    exported = export(admin_client, CSV)

    assert exported.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(StringIO(exported.decode("utf-8-sig"), newline="")) for cell in row]
    assert len(cells) == len(COLUMNS) * (len(NASTY) + 1)
    assert [cell for cell in cells if re.match(r"[=+\-@\t\r\n＝]", cell)] == []
    assert "'+447700900001" in cells


def test_every_cell_of_an_exported_excel_file_is_text(admin_client: Client) -> None:
    for number, text in enumerate(NASTY):
        make_clinician(f"={number}", {}, name=text)

    sheet = openpyxl.load_workbook(BytesIO(export(admin_client, XLSX))).active

    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert all(cell.quotePrefix for cell in cells)
    numbers = [row[4].value for row in sheet.iter_rows(min_row=2)]
    assert set(numbers) == {"+447700900001"}


def test_numbers_of_excel_s_own_are_read(admin_client: Client, clinician: Clinician) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Contact ID", "call number", "active"])
    book.active.append(["C-1", 447700900109.0, False])
    file = BytesIO()
    book.save(file)

    looked = look(admin_client, file.getvalue(), "people.xlsx")

    assert changes(looked) == {
        2: [("call_number", "+447700900001", "+447700900109"), ("active", "yes", "no")]
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_excel_calls_csv_is_read(
    admin_client: Client, clinician: Clinician, encoding: str, delimiter: str
) -> None:
    text = f"contact_id{delimiter}name\r\nC-1{delimiter}Zoë Müller\r\n"

    looked = look(admin_client, text.encode(encoding))

    assert changes(looked) == {2: [("name", "Clinician C-1", "Zoë Müller")]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"\n", "The column contact_id is missing"),
        (b"contact_id,name\n", "This file has a heading, and no clinicians under it."),
        (b"name\nAsha\n", "The column contact_id is missing, which says who is meant."),
        (b"contact_id,hihg\nC-1,call\n", "There is no column “hihg”."),
        (b"contact_id,name,name\nC-1,A,B\n", "The column name is there twice"),
        (b"contact_id,name\nC-1,Okafor, Asha\n", "Row 2 has a cell without a heading"),
        (b"contact_id,name\nC-1,\x81\n", "The letters in this file are unknown"),
        (b"PK\x03\x04 and no more", "This Excel file is damaged or protected"),
        (b"\xd0\xcf\x11\xe0 old", "This is an old or a protected Excel file: save it as XLSX."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(
    admin_client: Client, content: bytes, sentence: str
) -> None:
    (said_of_it,) = refused(look(admin_client, content))

    assert said_of_it.startswith(sentence)


def test_too_many_rows_are_refused(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 2)

    assert refused(look(admin_client, "contact_id\n" + "C-1\n" * 3)) == [
        "This file has more than 2 rows: split it."
    ]


def test_a_file_that_is_too_large_is_refused(admin_client: Client) -> None:
    looked = look(admin_client, b"x" * (5 * 1024 * 1024 + 1))

    assert refused(looked) == ["This file is too large: at most 5 MB are taken at once. Split it."]


def test_a_file_that_unpacks_without_end_is_refused(
    admin_client: Client, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = export(admin_client, XLSX)
    monkeypatch.setattr(spreadsheets, "MAX_UNPACKED", 100)

    assert refused(look(admin_client, exported)) == ["This file is too large when it is unpacked: split it."]
