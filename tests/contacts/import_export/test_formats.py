"""Reading and writing CSV and XLSX."""

import contextlib
import csv
import re
import tracemalloc
import zipfile
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.test import Client

from contacts.import_export import formats, views
from contacts.import_export.columns import COLUMNS
from contacts.import_export.formats import UnreadableFileError
from contacts.models import Clinician
from tests.conftest import make_clinician
from tests.contacts.import_export.files import (
    CSV,
    XLSX,
    changes,
    confirm,
    export,
    look,
    refused,
    stored,
    wrong,
)

pytestmark = pytest.mark.django_db

NASTY = ["=1+1", "+441", "-x", "@x", "\ttab", "\rline", "'=x", "''+x", "＝1", 'quote " , ; end', "a\nb"]
"""Formulas, texts that look like defused formulas, and texts that need quotes."""


@pytest.mark.parametrize("format_", [XLSX, CSV])
@pytest.mark.parametrize("text", NASTY)
def test_a_round_trip_of_an_exported_file_changes_nothing(
    admin_client: Client, clinician: Clinician, format_: str, text: str
) -> None:
    Clinician.objects.update(name=text, role=text, department=text)
    before = stored()

    looked = look(admin_client, export(admin_client, format_))

    assert changes(looked) == {}
    assert stored() == before


@pytest.mark.parametrize("text", NASTY[:6])
def test_a_name_survives_export_and_import_as_csv(
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


def test_excel_numbers_and_booleans_are_read(admin_client: Client, clinician: Clinician) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Contact ID", "call number", "active"])
    book.active.append(["C-1", 447700900109.0, False])
    file = BytesIO()
    book.save(file)

    looked = look(admin_client, file.getvalue(), "people.xlsx")

    assert changes(looked) == {
        2: [("call_number", "+447700900001", "+447700900109"), ("active", "yes", "no")]
    }


def test_a_formula_without_a_value_is_refused(admin_client: Client, clinician: Clinician) -> None:
    made = openpyxl.Workbook()
    made.active.append(["contact_id", "name", "role"])
    made.active.append(["C-1", "=1+1", "=2+2"])
    file = BytesIO()
    made.save(file)

    found = wrong(look(admin_client, file.getvalue(), "people.xlsx"))

    sentence = "This cell has a formula without a value: write the text itself."
    assert found == [(2, "name", sentence), (2, "role", sentence)]


def test_the_value_of_a_formula_is_read_even_if_empty(admin_client: Client, clinician: Clinician) -> None:
    heading = "".join(
        f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
        for place, text in (("A1", "contact_id"), ("B1", "name"), ("C1", "role"))
    )
    values = "".join(
        f'<c r="{place}" t="str"><f>x</f><v>{text}</v></c>'
        for place, text in (("A2", "C-1"), ("B2", "Asha Okafor"), ("C2", ""))
    )
    sheet = f'<sheetData><row r="1">{heading}</row><row r="2">{values}</row></sheetData>'

    looked = look(admin_client, book(sheet), "people.xlsx")

    assert changes(looked) == {2: [("name", "Clinician C-1", "Asha Okafor")]}


def test_a_file_with_a_wrong_xlsx_name_is_refused(admin_client: Client) -> None:
    (sentence,) = refused(look(admin_client, b"\x89PNG\r\n\x1a\n\x00\x81", "people.XLSX"))

    assert sentence.startswith("This is not an Excel file, whatever its name says")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_all_kinds_of_csv_from_excel_are_read(
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
        (b"name\nAsha\n", "The column contact_id is missing, which identifies the clinician."),
        (b"contact_id,hihg\nC-1,call\n", "There is no column “hihg”."),
        (b"contact_id,name,name\nC-1,A,B\n", "The column name appears twice"),
        (b"contact_id,name\nC-1,Okafor, Asha\n", "Row 2 has a cell without a heading"),
        (b"contact_id,name\nC-1,\x81\n", "The letters in this file are unknown"),
        (b"PK\x03\x04 and no more", "This Excel file is damaged or protected"),
        (b"\xd0\xcf\x11\xe0 old", "This is an old or a protected Excel file: save it as XLSX."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(
    admin_client: Client, content: bytes, sentence: str
) -> None:
    looked = look(admin_client, content)
    (said_of_it,) = refused(looked)

    assert said_of_it.startswith(sentence)
    assert f"in any order: <code>{', '.join(COLUMNS)}</code>" in looked.content.decode()


def test_too_many_rows_are_refused(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_ROWS", 2)

    assert refused(look(admin_client, "contact_id\n" + "C-1\n" * 3)) == [
        "This file has more than 2 rows: split it."
    ]


def test_a_file_that_is_too_large_is_refused(admin_client: Client) -> None:
    looked = look(admin_client, b"x" * (5 * 1024 * 1024 + 1))

    assert refused(looked) == ["This file is too large: at most 5 MB are taken at once. Split it."]


def test_rows_that_the_page_cannot_carry_are_refused(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MAX_PACKED", 10)

    assert refused(look(admin_client, "contact_id,name\nC-9,Asha\n"))[0].startswith("This file is too large")


NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A1 = '<c r="A1" t="inlineStr"><is><t>contact_id</t></is></c>'


def book(sheet: str, **more: str) -> bytes:
    """An XLSX file with this XML as its sheet, and with more parts."""
    made = openpyxl.Workbook()
    plain, packed = BytesIO(), BytesIO()
    made.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if not part.endswith("sheet1.xml"):
                new.writestr(part, old.read(part))
        new.writestr("xl/worksheets/sheet1.xml", f"<worksheet {NAMESPACE}>{sheet}</worksheet>")
        for name, text in more.items():
            new.writestr(f"xl/{name}.xml", text)
    return packed.getvalue()


def rows(xml: str) -> str:
    return f'<sheetData><row r="1">{A1}</row>{xml}</sheetData>'


BOMBS = {
    "a sheet that says it is wide": lambda: '<dimension ref="A1:XFD3000"/>' + rows('<row r="3000"/>'),
    "cells far right": lambda: rows(
        "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 9000))
    ),
    "a row without end": lambda: rows("<row>" + "<c/>" * 2_000_000 + "</row>"),
    "no rows, but elements": lambda: "<x/>" * 2_000_000 + rows(""),
    "nested without end": lambda: "<x>" * 500_000 + "</x>" * 500_000,
    "a row far down": lambda: rows('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
    "a cell without end": lambda: rows(
        '<row><c t="inlineStr"><is><t>' + "x" * 20_000_000 + "</t></is></c></row>"
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_does_not_fill_the_memory(what: str) -> None:
    content = book(BOMBS[what]())
    assert len(content) < 200_000

    tracemalloc.start()
    with contextlib.suppress(UnreadableFileError):
        formats.read(content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 100 * 1024 * 1024


TOO_LARGE = {
    "cells": lambda: book(rows("<row>" + "<c/>" * 100_000 + "</row>")),
    "strings": lambda: book(rows(""), sharedStrings="<sst>" + "<si/>" * 600_000 + "</sst>"),
    "long strings": lambda: book(rows(""), sharedStrings="x" * 21 * 1024 * 1024),
    "parts": lambda: book(rows(""), **{f"sheet_{number}": "<worksheet/>" for number in range(600)}),
    "entities": lambda: book(rows(""), other='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>'),
}


@pytest.mark.parametrize("what", TOO_LARGE)
def test_a_file_that_is_too_large_when_unpacked_is_refused(admin_client: Client, what: str) -> None:
    assert refused(look(admin_client, TOO_LARGE[what](), "people.xlsx")) == [
        "This file is too large when it is unpacked: split it, or save its first sheet alone."
    ]


def test_the_size_that_the_sheet_claims_is_ignored(admin_client: Client, clinician: Clinician) -> None:
    cells = '<c r="A2" t="inlineStr"><is><t>C-1</t></is></c><c r="B2" t="inlineStr"><is><t>Zoë</t></is></c>'
    heading = f'<row r="1">{A1}<c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'

    looked = look(
        admin_client,
        book(f'<dimension ref="A1:A1"/><sheetData>{heading}<row r="2">{cells}</row></sheetData>'),
        "people.xlsx",
    )

    assert changes(looked) == {2: [("name", "Clinician C-1", "Zoë")]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("contact_id" + "," * 100_000 + "\nC-1\n", "Row 1 has more than 100 columns."),
        ("contact_id\nC-1" + "," * 100_000, "Row 2 has more than 100 columns."),
        (
            "contact_id,name\nC-1," + "x" * 1_001,
            "Row 2 has a cell with more than 1,000 characters: shorten it.",
        ),
        (
            "contact_id,name\nC-1," + "x" * 4_000_000,
            "This is not a CSV file: save it as CSV or XLSX, and try again.",
        ),
    ],
    ids=["heading", "row", "cell", "line"],
)
def test_a_csv_that_is_too_wide_is_refused(admin_client: Client, content: str, sentence: str) -> None:
    assert refused(look(admin_client, content)) == [sentence]
