"""docs/reliability.md: every fault has a test, and every test that is named is there."""

import ast
import re

from tests.docs.documents import ROOT, read, rows

PAGE = "docs/reliability.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def faults() -> list[list[str]]:
    """The rows of the table, without those that are headings of their own."""
    return [row for row in rows(read(PAGE), "Fault") if not re.fullmatch(r"\*\*.+\*\*", row[0])]


def test_every_fault_has_what_is_done_about_it_and_a_test() -> None:
    assert len(faults()) > 40
    for row in faults():
        assert len(row) == 3, row
        assert row[1], row
        assert NAMED.fullmatch(row[2]), row


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(read(PAGE))

    assert len(named) == read(PAGE).count("::") > 40
    missing = [f"{path}::{name}" for path, name in named if name not in _tests(path)]
    assert missing == []


def test_the_promise_is_the_one_of_the_architecture() -> None:
    def promise(page: str) -> str:
        [found] = re.findall(r"^## The promise\n\n((?:> .*\n)+)", read(page), re.MULTILINE)
        return str(found)

    assert promise(PAGE) == promise("docs/architecture.md")


def _tests(path: str) -> set[str]:
    """The tests of a module; a state machine's is an attribute."""
    file = ROOT / path
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return functions | assigned
