"""Small files that would fill the memory."""

import contextlib
import tracemalloc

import pytest

from contacts.import_export.reading import sheet, table
from contacts.import_export.reading.sheet import UnreadableFileError
from tests.contacts.import_export.workbooks import book, rows_in_xml

BOMBS = {
    "a sheet that says it is wide": lambda: '<dimension ref="A1:XFD3000"/>' + rows_in_xml('<row r="3000"/>'),
    "cells far right": lambda: rows_in_xml(
        "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 9000))
    ),
    "a row without end": lambda: rows_in_xml("<row>" + "<c/>" * 2_000_000 + "</row>"),
    "no rows, but elements": lambda: "<x/>" * 2_000_000 + rows_in_xml(""),
    "nested without end": lambda: "<x>" * 500_000 + "</x>" * 500_000,
    "a row far down": lambda: rows_in_xml('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
    "a cell without end": lambda: rows_in_xml(
        '<row><c t="inlineStr"><is><t>' + "x" * 20_000_000 + "</t></is></c></row>"
    ),
    "blank rows with a format": lambda: rows_in_xml("<row><c/></row>" * 30_000),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_does_not_fill_the_memory(what: str) -> None:
    content = book(BOMBS[what]())
    assert len(content) < 200_000

    tracemalloc.start()
    with contextlib.suppress(UnreadableFileError):
        table.read(content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 100 * 1024 * 1024


TOO_LARGE = {
    "cells": lambda: book(rows_in_xml("<row>" + "<c/>" * 100_000 + "</row>")),
    "rows": lambda: book(rows_in_xml("<row/>" * 510_000)),
    "strings": lambda: book(rows_in_xml(""), sharedStrings="<sst>" + "<si/>" * 600_000 + "</sst>"),
    "long strings": lambda: book(rows_in_xml(""), sharedStrings="x" * 21 * 1024 * 1024),
    "parts": lambda: book(rows_in_xml(""), **{f"sheet_{number}": "<worksheet/>" for number in range(600)}),
    "entities": lambda: book(rows_in_xml(""), other='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>'),
}


@pytest.mark.parametrize("what", TOO_LARGE)
def test_a_file_that_is_too_large_when_unpacked_is_refused(what: str) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        table.read(TOO_LARGE[what]())

    assert str(refused.value) == (
        "This file is too large when it is unpacked: split it, or copy the rows that have text into a new file."
    )


def test_too_many_cells_with_a_text_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MAX_CELLS", 1_000)

    for content in (
        book(rows_in_xml(("<row>" + "<c><v>1</v></c>" * 90 + "</row>") * 12)),
        (",".join("1" * 90) + "\n").encode() * 12,
    ):
        with pytest.raises(UnreadableFileError, match="more than 1,000 cells with a text: split it"):
            table.read(content)


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "READ_SECONDS", -1.0)

    for content in (book(rows_in_xml("<row><c><v>1</v></c></row>")), b"contact_id,name\nC-1,Ann\n"):
        with pytest.raises(UnreadableFileError, match="takes too long to read"):
            table.read(content)


def test_cells_that_are_merged_over_and_over_are_refused() -> None:
    merges = "<mergeCells>" + '<mergeCell ref="A2:XFD1048576"/>' * 500 + "</mergeCells>"

    with pytest.raises(UnreadableFileError, match="too many merged cells"):
        table.read(book(rows_in_xml('<row><c t="b"><v>1</v></c></row>' * 900) + merges))
