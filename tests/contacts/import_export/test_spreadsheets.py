"""What Excel does to lists, through the import page: doubted or read as it is seen, and never silently wrong."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from contacts.models import Clinician
from tests.contacts.import_export.files import changes, look, refused, wrong
from tests.contacts.import_export.workbooks import workbook
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db


def look_at(client: Client, *rows: Any, change: Any = lambda _book: None) -> Any:
    return look(client, workbook(*rows, change=change), "people.xlsx")


def test_a_hidden_sheet_is_not_imported(admin_client: Client, clinician: Clinician) -> None:
    def hide(book: Any) -> None:
        book.active.sheet_state = "hidden"
        shown = book.create_sheet("People")
        shown.append(["contact_id", "name"])
        shown.append(["C-1", "Asha Okafor"])

    looked = look_at(admin_client, ["contact_id", "name"], ["C-1", "Somebody Else"], change=hide)

    assert changes(looked) == {2: [("name", "Clinician C-1", "Asha Okafor")]}
    assert "The sheet “People” was read, the one that is not hidden. Not read: “Sheet” (hidden)." in (
        looked.content.decode()
    )


def test_a_format_alone_does_not_make_a_row(admin_client: Client, clinician: Clinician) -> None:
    def paint(book: Any) -> None:
        book.active.cell(1_048_576, 1).number_format = "@"

    looked = look_at(admin_client, ["contact_id", "name"], ["C-1", "Asha Okafor"], change=paint)

    assert changes(looked) == {2: [("name", "Clinician C-1", "Asha Okafor")]}


@pytest.mark.parametrize(
    ("value", "seen", "sentence"),
    [
        (datetime(2026, 3, 1), "1 March 2026", "Excel has turned this cell"),  # noqa: DTZ001 - as Excel has it
        ("#N/A", "#N/A", "This cell shows an error"),
        (True, "TRUE", "Excel has turned this cell into TRUE or FALSE"),
        (1.5, "1.5", "A program has turned this cell into a decimal number"),
        (1234567890123456, "1234567890123456", "Excel keeps fifteen digits"),
        ("4.47701E+11", "4.47701E+11", "A spreadsheet has shortened this number"),
        ("12.0", "12.0", "A program has turned this cell into a decimal number"),
    ],
)
def test_a_contact_id_that_excel_has_changed_is_doubted(
    admin_client: Client, value: Any, seen: str, sentence: str
) -> None:
    looked = look_at(admin_client, ["contact_id", "name"], [value, "Asha Okafor"])

    ((row, column, said),) = wrong(looked)
    assert (row, column) == (2, "contact_id")
    assert said.startswith(sentence)
    assert f"Contact ID:</span> {seen}</td>" in looked.content.decode()


def test_a_number_with_a_decimal_point_is_not_somebody_elses(
    admin_client: Client, clinician: Clinician
) -> None:
    looked = look_at(admin_client, ["contact_id", "call_number"], ["C-1", "491601234567.0"])

    ((_row, column, said),) = wrong(looked)
    assert column == "call_number"
    assert said.startswith("A program has turned this cell into a decimal number.")


@pytest.mark.parametrize("text", ["1.23E+11", "01/03/2026", "01-Mar", "2026-03-01 00:00:00", "TRUE", "#REF!"])
def test_a_csv_that_went_through_excel_is_doubted(admin_client: Client, text: str) -> None:
    looked = look(admin_client, f"contact_id,name\n{text},Asha Okafor\n")

    assert [(row, column) for row, column, _said in wrong(looked)] == [(2, "contact_id")]


def test_a_doubtful_text_that_is_stored_changes_nothing(admin_client: Client) -> None:
    make_clinician("1E+05", {}, department="01-Mar")

    looked = look(admin_client, "contact_id,department,name\n1E+05,01-Mar,Asha Okafor\n")

    assert changes(looked) == {2: [("name", "Clinician 1E+05", "Asha Okafor")]}


def test_zeros_that_were_dropped_are_doubted(admin_client: Client) -> None:
    make_clinician("00123", {})

    looked = look_at(admin_client, ["contact_id", "name"], [123, "Asha Okafor"])

    ((_row, column, said),) = wrong(looked)
    assert column == "contact_id"
    assert said.startswith("A spreadsheet has dropped zeros in front of this contact ID.")
    assert "123, but 00123 exists" in looked.content.decode()


def test_zeros_that_excel_shows_are_read(admin_client: Client) -> None:
    make_clinician("00123", {})

    def show_zeros(book: Any) -> None:
        book.active["A2"].number_format = "00000"

    looked = look_at(admin_client, ["contact_id", "name"], [123, "Asha Okafor"], change=show_zeros)

    assert changes(looked) == {2: [("name", "Clinician 00123", "Asha Okafor")]}


@pytest.mark.parametrize("name", ['"Bell', '"Bell" (Ward 4)', '"Bell\nC-7,Dara"'])
def test_a_quote_that_is_never_closed_swallows_no_row(admin_client: Client, name: str) -> None:
    looked = look(admin_client, f"contact_id,name\nC-8,Asha\nC-9,{name}\nC-7,Dara Murphy\n")

    if looked.context.get("comparison"):
        ((row, column, said),) = wrong(looked)
        assert (row, column) == (3, "name")
        assert said.startswith("There is a line break in this cell, perhaps because a quote is missing")
    else:
        (said,) = refused(looked)
        assert said.startswith('Line 3 has a quote (") that is never closed')


def test_a_department_merged_over_two_rows_is_that_of_both(admin_client: Client) -> None:
    make_clinician("C-2", {}, department="Ward 3")

    looked = look_at(
        admin_client,
        ["contact_id", "name", "department"],
        ["C-1", "Asha Okafor", "Ward 4"],
        ["C-2", "Dara Murphy", None],
        change=lambda book: book.active.merge_cells("C2:C3"),
    )

    assert ("department", "Ward 3", "Ward 4") in changes(looked)[3]
    assert "Merged cells in Department: their text was taken for each of their rows, so also for row 3." in (
        looked.content.decode()
    )


def test_an_address_merged_over_two_rows_is_doubted(admin_client: Client) -> None:
    make_clinician("C-2", {}, email="")

    looked = look_at(
        admin_client,
        ["contact_id", "name", "email"],
        ["C-1", "Asha Okafor", "ward@ward.example"],
        ["C-2", "Dara Murphy", None],
        change=lambda book: book.active.merge_cells("C2:C3"),
    )

    ((row, column, said),) = wrong(looked)
    assert (row, column) == (3, "email")
    assert said.startswith("This cell is merged with another one")


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\ncontact_id;name\nC-1;Asha Okafor\n",
        '"sep=;"\r\ncontact_id;name\r\nC-1;Asha Okafor\r\n',
        "\ufeff\ufeffcontact_id,name\nC-1,Asha Okafor\n",
        "Ward 4; November\n\ncontact_id;name\nC-1;Asha Okafor\n",
        "contact_id,name,,,\nC-1,Asha Okafor,,,\n,,,,\n",
    ],
    ids=["sep", "sep in quotes", "two marks", "a title", "empty columns"],
)
def test_rows_that_excel_itself_writes_are_skipped(
    admin_client: Client, clinician: Clinician, content: str
) -> None:
    (change,) = changes(look(admin_client, content)).values()

    assert change == [("name", "Clinician C-1", "Asha Okafor")]


def test_a_file_without_headings_is_refused_with_what_it_has(admin_client: Client) -> None:
    looked = look(admin_client, "Ward 4,November\nC-1,Asha Okafor\n")

    assert list(refused(looked))[:2] == [
        "The column contact_id is missing, which identifies the clinician.",
        "The first row has: “Ward 4”, “November”.",
    ]


def test_our_labels_and_common_words_are_headings(admin_client: Client) -> None:
    looked = look(
        admin_client,
        "Staff No.,Full name,Number for calls,MOBILE,E-mail address,Start date,Active\n"
        "C-9,Asha Okafor,+44 20 7946 0123,+44 7700 900109,asha@ward.example,2020,yes\n",
    )

    assert [each[0] for each in changes(looked)[2]] == [
        *("contact_id", "name", "call_number", "sms_number", "email", "active")
    ]
    page = looked.content.decode()
    assert (
        "Headings were taken for our columns: "
        "“Staff No.” as Contact ID, “Full name” as Name, “MOBILE” as Number for SMS." in page
    )
    assert "Not read, because we have no such column: “Start date”." in page


def test_the_same_fault_of_forty_rows_is_said_once(admin_client: Client) -> None:
    looked = look(
        admin_client,
        "contact_id,name,email\n" + "".join(f"C-{number},A,nobody{number}\n" for number in range(40)),
    )

    assert len(wrong(looked)) == 40
    page = looked.content.decode()
    assert page.count("Enter a valid email address.") == 1
    assert "Rows 2–41" in page
    assert "E-mail address:</span> nobody0, nobody1, nobody2, …</td>" in page


def test_hidden_rows_are_read_and_named(admin_client: Client, clinician: Clinician) -> None:
    def hide(book: Any) -> None:
        book.active.row_dimensions[2].hidden = True
        book.active.column_dimensions["B"].hidden = True

    looked = look_at(admin_client, ["contact_id", "name"], ["C-1", "Asha Okafor"], change=hide)

    assert changes(looked) == {2: [("name", "Clinician C-1", "Asha Okafor")]}
    page = looked.content.decode()
    assert "Rows that are hidden in the file, perhaps by a filter, are read as well (1): row 2." in page
    assert "Columns that are hidden in the file are read as well: Name." in page
    assert "Hidden in the file" in page


def test_an_email_in_other_letters_changes_nothing(admin_client: Client, clinician: Clinician) -> None:
    looked = look(admin_client, f"contact_id,email\nC-1,{clinician.email.upper()}\n")

    assert changes(looked) == {}
    assert "there is nothing to import" in looked.content.decode()
