"""docs/reliability.md: every fault has a test."""

import re

from tests.docs.documents import NAMED_TEST, read, rows

PAGE = "docs/reliability.md"


def faults() -> list[list[str]]:
    """The rows of the table, without those that are headings of their own."""
    return [row for row in rows(read(PAGE), "Fault") if not re.fullmatch(r"\*\*.+\*\*", row[0])]


def test_every_fault_has_what_is_done_about_it_and_a_test() -> None:
    assert len(faults()) > 40
    for row in faults():
        assert len(row) == 3, row
        assert row[1], row
        assert NAMED_TEST.fullmatch(row[2]), row


def test_whatever_went_wrong_elsewhere_has_a_test() -> None:
    elsewhere = rows(read("docs/closed-loop.md"), "Elsewhere")
    assert len(elsewhere) > 10
    for row in elsewhere:
        assert len(row) == 3, row
        assert NAMED_TEST.fullmatch(row[2]), row


def test_the_promise_is_the_one_of_the_architecture() -> None:
    def promise(page: str) -> str:
        [found] = re.findall(r"^## The promise\n\n((?:> .*\n)+)", read(page), re.MULTILINE)
        return str(found)

    assert promise(PAGE) == promise("docs/architecture.md")
