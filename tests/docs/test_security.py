"""docs/security.md: each section of OWASP ASVS 5.0 has a row, and each row a test, a document or a gap."""

import re

from tests.docs.documents import NAMED_TEST, read, rows

PAGE = "docs/security.md"
SECTIONS = {
    1: 5,
    2: 4,
    3: 7,
    4: 4,
    5: 4,
    6: 8,
    7: 6,
    8: 4,
    9: 2,
    10: 7,
    11: 7,
    12: 3,
    13: 4,
    14: 3,
    15: 4,
    16: 5,
    17: 3,
}
"""How many sections each chapter has: https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en"""


def answers() -> list[list[str]]:
    """The rows, without those that are headings."""
    return [row for row in rows(read(PAGE), "Section") if not row[0].startswith("**")]


def test_no_section_is_left_out_or_answered_twice_in_different_ways() -> None:
    asked = {f"{chapter}.{number}" for chapter, most in SECTIONS.items() for number in range(1, most + 1)}
    answered = {row[0].split()[0] for row in answers()}
    _, _, rest = read(PAGE).partition("## Not asked of Bleep")
    without = set(re.findall(r"\b\d+\.\d+\b", rest.partition("\n## ")[0]))

    assert answered | without == asked
    assert answered & without == set()


def test_each_row_has_a_test_a_document_or_a_gap() -> None:
    for section, what, *tests in answers():
        named = NAMED_TEST.findall(" ".join(tests))
        assert len(named) == " ".join(tests).count("`") // 2, section
        assert named or what.startswith("Documents: ") or "*Gap*" in what, section
