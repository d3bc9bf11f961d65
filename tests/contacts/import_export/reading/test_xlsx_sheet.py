"""Reading what Excel shows."""

from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from contacts.import_export.reading import doubts, table
from contacts.import_export.reading.sheet import UnreadableFileError
from contacts.import_export.reading.table import FileRow
from tests.contacts.import_export.workbooks import A1, book, with_parts, workbook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def read_cell(value: Any, format_: str = "General", column: str = "role", **change: Any) -> tuple[str, str]:
    """What a cell with this value says, and the doubt about it."""

    def set_format(made: Any) -> None:
        made.active["B2"].number_format = format_
        for name, new in change.items():
            setattr(made, name, new)

    (row,) = table.read(workbook(["contact_id", column], ["C-1", value], change=set_format)).rows
    return row.cells[column], row.doubts.get(column, "")


@pytest.mark.parametrize(
    ("value", "format_", "shown"),
    [
        (447700900109.0, "General", "447700900109"),
        (123, "@", "123"),
        (123, "00000", "00123"),
        (7, "0", "7"),
        (1234, "#,##0", "1234"),
        (1234, "0.00", "1234"),
        (447700900109, "0.00E+00", "447700900109"),
        (7700900123, "00000 000000", "07700 900123"),
        (7700900123, "0#### ######", "07700 900123"),
        (447700900123, "\\+00 0000 000000", "+44 7700 900123"),
        (12, '"C-"0000', "C-0012"),
        (0, "000", "000"),
        ("  text ", "General", "  text "),
        ("'00123", "@", "00123"),
        ("01-Mar", "@", "01-Mar"),
    ],
)
def test_a_cell_says_what_excel_shows(value: Any, format_: str, shown: str) -> None:
    assert read_cell(value, format_) == (shown, "")


@pytest.mark.parametrize(
    ("value", "format_", "shown", "doubt"),
    [
        (46082, "d-mmm", "1 March 2026", doubts.DATE),
        (NOON, "yyyy-mm-dd hh:mm", "1 March 2026, 12:00", doubts.DATE),
        (time(8, 30), "hh:mm", "08:30:00", doubts.DATE),
        (0.5, "0%", "0.5", doubts.DECIMAL),
        (12, "[Red]0;[Blue]-0", "12", doubts.FORMATTED),
        (12, '0.0" kg"', "12", doubts.FORMATTED),
        (-12, '"C-"0000', "-12", doubts.FORMATTED),
        (1e20, "General", "100000000000000000000", doubts.TOO_LONG),
        (False, "General", "FALSE", doubts.BOOLEAN),
        ("#DIV/0!", "General", "#DIV/0!", doubts.ERROR),
        ("=1+1", "General", "=", doubts.WITHOUT_VALUE),
        ("one\ntwo", "General", "one\ntwo", doubts.LINE_BREAK),
    ],
)
def test_a_cell_that_excel_has_changed_is_doubted(value: Any, format_: str, shown: str, doubt: str) -> None:
    assert read_cell(value, format_) == (shown, doubt)


def test_a_date_of_an_old_mac_is_counted_from_1904() -> None:
    assert read_cell(44620, "d-mmm", epoch=CALENDAR_MAC_1904) == ("1 March 2026", doubts.DATE)


@pytest.mark.parametrize("value", [True, 1, "yes"])
def test_a_boolean_is_right_in_the_column_active(value: Any) -> None:
    assert read_cell(value, column="active")[1] == ""


def test_the_value_of_a_formula_is_read_even_if_empty() -> None:
    heading = "".join(
        f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
        for place, text in (("A1", "contact_id"), ("B1", "name"), ("C1", "role"))
    )
    values = "".join(
        f'<c r="{place}" t="str"><f>x</f><v>{text}</v></c>'
        for place, text in (("A2", "C-1"), ("B2", "Asha Okafor"), ("C2", ""))
    )

    read = table.read(book(f'<sheetData><row r="1">{heading}</row><row r="2">{values}</row></sheetData>'))

    assert read.rows == [FileRow(2, {"contact_id": "C-1", "name": "Asha Okafor", "role": ""})]


def test_phonetic_text_is_not_part_of_a_cell() -> None:
    phonetic = "<is><r><t>Asha</t></r><r><t> Okafor</t></r><rPh><t>a-sha</t></rPh></is>"
    sheet = (
        f'<sheetData><row>{A1}<c t="inlineStr"><is><t>name</t></is></c></row>'
        f'<row><c t="inlineStr"><is><t>C-1</t></is></c><c t="inlineStr">{phonetic}</c></row></sheetData>'
    )

    assert table.read(book(sheet)).rows == [FileRow(2, {"contact_id": "C-1", "name": "Asha Okafor"})]


def test_the_size_that_the_sheet_claims_is_ignored() -> None:
    cells = '<c r="A2" t="inlineStr"><is><t>C-1</t></is></c><c r="B2" t="inlineStr"><is><t>Zoë</t></is></c>'
    heading = f'<row r="1">{A1}<c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'

    read = table.read(
        book(f'<dimension ref="A1:A1"/><sheetData>{heading}<row r="2">{cells}</row></sheetData>')
    )

    assert read.rows == [FileRow(2, {"contact_id": "C-1", "name": "Zoë"})]


def people(made: Any, *states: str) -> None:
    made.active.sheet_state = states[0]
    for number, state in enumerate(states[1:], start=2):
        added = made.create_sheet(f"List {number}")
        added.append(["contact_id"])
        added.append([f"C-{number}"])
        added.sheet_state = state


@pytest.mark.parametrize(
    ("states", "number", "notes"),
    [
        (("visible",), 1, []),
        (
            ("visible", "visible"),
            1,
            ["The sheet “Sheet” was read, the first one. Not read: “List 2”."],
        ),
        (
            ("veryHidden", "hidden", "visible", "visible"),
            3,
            [
                (
                    "The sheet “List 3” was read, the first one. "
                    "Not read: “Sheet” (hidden), “List 2” (hidden), “List 4”."
                )
            ],
        ),
    ],
)
def test_the_first_visible_sheet_is_read(states: tuple[str, ...], number: int, notes: list[str]) -> None:
    read = table.read(workbook(["contact_id"], ["C-1"], change=lambda made: people(made, *states)))

    assert [row.cells["contact_id"] for row in read.rows] == [f"C-{number}"]
    assert read.notes == notes


def test_a_book_whose_sheets_are_all_hidden_is_refused() -> None:
    content = workbook(["contact_id"], ["C-1"])
    with ZipFile(BytesIO(content)) as archive:
        shown = archive.read("xl/workbook.xml").decode()
    hidden = with_parts(content, {"xl/workbook.xml": shown.replace('state="visible"', 'state="hidden"')})

    with pytest.raises(UnreadableFileError, match="Every sheet of this file is hidden"):
        table.read(hidden)


def test_a_cell_merged_with_the_one_beside_it_is_doubted() -> None:
    content = workbook(
        ["contact_id", "name", "role"],
        ["C-1", "Asha Okafor", None],
        change=lambda made: made.active.merge_cells("B2:C2"),
    )

    (row,) = table.read(content).rows

    assert row.doubts == {"role": doubts.MERGED}


def test_merged_cells_without_a_text_are_empty() -> None:
    content = workbook(
        ["contact_id", "email"],
        ["C-1"],
        ["C-2"],
        change=lambda made: made.active.merge_cells("B2:B3"),
    )

    assert [row.doubts for row in table.read(content).rows] == [{}, {}]
