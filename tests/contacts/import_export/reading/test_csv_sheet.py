"""Reading CSV strictly."""

import pytest

from contacts.import_export.reading import doubts, table
from contacts.import_export.reading.sheet import UnreadableFileError


def cells(content: str | bytes) -> list[tuple[int, str, str]]:
    """Row, contact ID and name."""
    data = content.encode() if isinstance(content, str) else content
    return [(row.number, row.cells["contact_id"], row.cells["name"]) for row in table.read(data).rows]


def refusal(content: str) -> str:
    with pytest.raises(UnreadableFileError) as refused:
        table.read(content.encode())
    return str(refused.value)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_all_kinds_of_csv_from_excel_are_read(encoding: str, delimiter: str, end: str) -> None:
    text = f"contact_id{delimiter}name{end}C-1{delimiter}Zoë Müller{end}"

    assert cells(text.encode(encoding)) == [(2, "C-1", "Zoë Müller")]


def test_semicolons_leave_commas_in_cells_alone() -> None:
    assert cells("contact_id;name\nC-1;Okafor, Asha\n") == [(2, "C-1", "Okafor, Asha")]


def test_a_space_before_a_quote_does_not_split_the_cell() -> None:
    assert cells('contact_id, name\nC-1, "Okafor, Asha"\n') == [(2, "C-1", "Okafor, Asha")]


def test_a_text_that_is_kept_from_excel_by_a_formula_or_an_apostrophe_is_read() -> None:
    content = 'contact_id,name\n"=""00123""",One\n="00124",Two\n\'00125,Three\n'

    assert cells(content) == [(2, "00123", "One"), (3, "00124", "Two"), (4, "00125", "Three")]


def test_blank_rows_are_skipped_and_keep_the_numbers_of_the_others() -> None:
    assert cells("contact_id,name\n\nC-1,One\n \u200b, \n,,,,\nC-2,Two\n") == [
        (3, "C-1", "One"),
        (6, "C-2", "Two"),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('contact_id,name\nC-1,"Bell\nC-2,Two\n', 2),
        ('contact_id,name\nC-1,"Bell\nC-2,"Two"\n', 2),
        ('sep=,\ncontact_id,name\nC-1,One\nC-2,"Bell" x\n', 4),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(content: str, line: int) -> None:
    assert refusal(content).startswith(
        f'Line {line} has a quote (") that is never closed, or a text after it'
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("contact_id" + "," * 200 + "x\nC-1\n", "Row 1 has more than 100 columns."),
        ("contact_id\nC-1" + "," * 200 + "x", "Row 2 has more than 100 columns."),
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
def test_a_csv_that_is_too_wide_is_refused(content: str, sentence: str) -> None:
    assert refusal(content) == sentence


def test_endless_empty_columns_are_ignored() -> None:
    assert cells("contact_id,name" + "," * 16_384 + "\nC-1,One" + "," * 16_384) == [(2, "C-1", "One")]


def test_letters_that_were_read_wrongly_are_doubted() -> None:
    broken = "contact_id,name\nC-1,Müller\nC-2,".encode() + b"Zo\xeb\nC-3,Asha\n"

    rows = table.read(broken).rows

    assert [row.doubts for row in rows] == [{"name": doubts.LOST_LETTER}, {}, {}]


def test_a_csv_from_an_old_mac_is_doubted_where_that_shows_and_said_where_it_does_not() -> None:
    names = ["Müller", "O’Brien", "Köhler", "Strauß-Ward", "Okafor"]
    lines = "".join(f"C-{number},{name}\n" for number, name in enumerate(names))

    found = table.read(f"contact_id,name\n{lines}".encode("mac-roman"))

    assert [row.doubts.get("name", "") == doubts.LOST_LETTER for row in found.rows] == [
        *(True, True, False, True, False)
    ]
    (note,) = found.notes
    assert note.startswith(
        "This file is not in UTF-8: its letters were read as Windows writes them in Western Europe"
    )
    assert "such as “MŸller”, “OÕBrien” and “Kšhler”." in note


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_there_is_no_note_about_letters_whose_encoding_is_known(encoding: str) -> None:
    assert table.read("contact_id,name\nC-1,Müller\n".encode(encoding)).notes == []


def test_there_is_no_note_about_a_file_without_special_letters() -> None:
    assert table.read(b"contact_id,name\nC-1,Asha\n").notes == []
