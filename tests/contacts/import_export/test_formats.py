"""Reading and writing CSV and XLSX."""

import csv
import re
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.test import Client

from contacts.import_export import formulas
from contacts.import_export.columns import COLUMNS
from contacts.models import Clinician
from tests.contacts.import_export.files import (
    BLANK,
    CSV,
    IMPORT,
    XLSX,
    changes,
    confirm,
    export,
    look,
    refused,
    stored,
)
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

NASTY = [
    "Ward;=1",
    "=1+1",
    "+441",
    "-x",
    "@x",
    "\ttab",
    "\rline",
    "'=x",
    "''+x",
    "＝1",
    'quote " , ; end',
    "a\nb",
]
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


@pytest.mark.parametrize(
    "text", ["Ward 4;=1+1", "a\t@b", ";;-1", "=a;+b", "a;'=b", "'a;''-b", "a; =b", "x;y"]
)
def test_no_formula_begins_in_a_cell_where_semicolons_or_tabs_separate(text: str) -> None:
    written = formulas.escape(text)

    assert not re.search(r"(^|[;\t])[=+\-@]", written)
    assert formulas.unescape_csv(written) == text


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


@pytest.mark.parametrize("format_", [XLSX, CSV])
def test_a_blank_file_has_our_headings_and_no_rows(admin_client: Client, format_: str) -> None:
    answer = admin_client.get(BLANK, {"format": format_})

    assert answer["Content-Disposition"] == f'attachment; filename="clinicians-blank.{format_}"'
    (sentence,) = refused(look(admin_client, answer.content))
    assert sentence == "This file has a heading, and no clinicians under it."
    assert f'href="{BLANK}?format={format_}"' in admin_client.get(IMPORT).content.decode()


def test_text_typed_into_a_blank_excel_file_stays_text(admin_client: Client) -> None:
    sheet = openpyxl.load_workbook(BytesIO(admin_client.get(BLANK).content)).active

    letters = [cell.column_letter for cell in sheet[1]]
    assert len(letters) == len(COLUMNS)
    assert {sheet.column_dimensions[letter].number_format for letter in letters} == {"@"}


def test_a_blank_file_of_an_unknown_kind_is_not_found(admin_client: Client) -> None:
    assert admin_client.get(BLANK, {"format": "ods"}).status_code == 404
