"""Which files can be read, where their headings are, and what the columns are called."""

import zipfile
from io import BytesIO

import pytest

from contacts.import_export.columns import COLUMNS
from contacts.import_export.reading import table
from contacts.import_export.reading.headings import label
from contacts.import_export.reading.sheet import UnreadableFileError, in_words


def refusal(content: bytes, name: str = "") -> str:
    with pytest.raises(UnreadableFileError) as refused:
        table.read(content, name=name)
    return str(refused.value)


def archive(name: str, text: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(zipfile.ZipInfo(name), text)  # its date is fixed: it is part of the test's ID
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\n", "This file is empty."),
        (b"contact_id,name\n", "This file has a heading, and no clinicians under it."),
        (b"contact_id,name\n,\n", "This file has a heading, and no clinicians under it."),
        (b"name\nAsha\n", "The column contact_id is missing, which identifies the clinician."),
        (b"contact_id,hihg\nC-1,call\n", "There is no column “hihg”. Do you mean high?"),
        (b"contact_id,name,Name \nC-1,A,B\n", "The column name appears twice: remove one."),
        (
            b"contact_id,Mobile,SMS number\nC-1,A,B\n",
            "“Mobile” and “SMS number” both stand for Number for SMS: remove one.",
        ),
        (b"contact_id,name\nC-1,Okafor, Asha\nC-2,a\nC-3,b,c", "Rows 2 and 4 have a cell without a heading"),
        (b"contact_id,name\nC-1,\x81\n", "The letters in this file are unknown"),
        (b"PK\x03\x04 and no more", "This Excel file is damaged or protected"),
        (b"\xd0\xcf\x11\xe0 old", "This is an old Excel file (XLS): save it as XLSX."),
        (
            b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
            "This Excel file has a password: save it without one",
        ),
        (
            archive("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            "This is an OpenDocument file (ODS)",
        ),
        (archive("xl/workbook.bin", ""), "This is a binary Excel file (XLSB)"),
        (archive("word/document.xml", "<x/>"), "This Excel file is damaged or protected"),
        (b"%PDF-1.7", "This is a PDF, a web page or another document"),
        (b"\xef\xbb\xbf <html><table>", "This is a PDF, a web page or another document"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    assert refusal(content).startswith(sentence)


def test_a_file_with_a_wrong_xlsx_name_is_refused() -> None:
    assert refusal(b"\x89PNG\r\n\x1a\n\x00\x81", "people.XLSX").startswith(
        "This is not an Excel file, whatever"
    )


def test_all_faults_of_the_headings_are_said_at_once() -> None:
    said = refusal(b"contact_id,hihg,rloe,name,name\nC-1,call,,A,B\n")

    assert said == (
        "There is no column “hihg”. Do you mean high? There is no column “rloe”. Do you mean role? "
        "The column name appears twice: remove one."
    )


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2)

    assert refusal(b"contact_id\n" + b"C-1\n" * 3) == "This file has more than 2 rows: split it."
    assert len(table.read(b"contact_id\n" + b"C-1\n\n" * 2).rows) == 2


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        *((label(column), column) for column in COLUMNS),
        *((column.upper().replace("_", " "), column) for column in COLUMNS),
        *(("Staff #", "contact_id"), ("STAFF-NUMBER", "contact_id"), ("employee nr.", "contact_id")),
        *(("Mobile number", "sms_number"), ("Mobile (SMS)", "sms_number"), ("Tel. No", "call_number")),
        *(("Job title", "role"), ("Ward", "department"), ("E-Mail", "email"), ("High priority", "high")),
    ],
)
def test_a_heading_is_known_in_any_dress(heading: str, column: str) -> None:
    rest = "" if column == "contact_id" else "contact_id,"

    (row,) = (
        table.read(f"{rest}{heading}\nC-1,C-1\n".encode()).rows
        if rest
        else table.read(f"{heading}\nC-1\n".encode()).rows
    )

    assert set(row.cells) == {"contact_id", column}


def test_a_title_and_repeated_headings_are_left_out_with_a_note() -> None:
    read = table.read(b"Ward 4 staff,,November\n\ncontact_id,name\nC-1,One\ncontact_id,name\nC-2,Two\n")

    assert [(row.number, row.cells["contact_id"]) for row in read.rows] == [(4, "C-1"), (6, "C-2")]
    assert read.notes == [
        "The headings are in row 3. Not read: row 1, above them.",
        "The headings are repeated in row 5, and were left out there.",
    ]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([7], "row 7"),
        ([2, 3, 4], "rows 2–4"),
        ([9, 2, 3, 3], "rows 2–3 and 9"),
        ([2, 4, 6], "rows 2, 4 and 6"),
    ],
)
def test_rows_in_words(numbers: list[int], words: str) -> None:
    assert in_words(numbers) == words
