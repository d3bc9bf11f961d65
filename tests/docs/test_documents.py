"""Every document: what it links to is there, what it says to run exists, and nothing points outside."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, NAMED_TEST, ROOT, name_of, prose

LINK = re.compile(r"!?\[[^\]]*\]\((?P<inline>[^)\s]+)\)|^\[[^\]]+\]: (?P<reference>\S+)", re.MULTILINE)
REFERRED = re.compile(r"\]\[(?P<name>[^\]]+)\]")
MAKE = re.compile(r"(?:^|`|= )make ([a-z][a-z-]*)", re.MULTILINE)
LARGEST_PICTURE = 300_000

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


@every_document
def test_a_documents_links_lead_somewhere(document: Path) -> None:
    for link in _links(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


@every_document
def test_a_link_by_name_has_its_address(document: Path) -> None:
    text = prose(document.read_text(encoding="utf-8"))

    named = {found["name"] for found in REFERRED.finditer(text)}
    assert named == set(re.findall(r"^\[([^\]]+)\]: http", text, re.MULTILINE))


@every_document
def test_make_targets_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(MAKE.findall(document.read_text(encoding="utf-8"))) <= targets


@every_document
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = NAMED_TEST.findall(text)

    assert len(named) == text.count(".py::")
    assert [f"{path}::{name}" for path, name in named if name not in _tests(path)] == []


@every_document
def test_a_document_names_no_directory_of_its_writers_machine(document: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", document.read_text(encoding="utf-8"))


def test_the_documents_link_to_one_another() -> None:
    """Otherwise the tests above would have nothing to look at."""
    reached = {
        (document.parent / link.partition("#")[0]).resolve()
        for document in DOCUMENTS
        for link in _links(document)
    }
    readme = ROOT / "README.md"
    assert {*DOCUMENTS, readme} - reached == set()


def test_every_picture_is_shown_and_small() -> None:
    shown = {(document.parent / link).resolve() for document in DOCUMENTS for link in _links(document)}
    pictures = set((ROOT / "docs" / "images").iterdir())

    assert pictures
    assert pictures <= shown
    assert all(picture.stat().st_size < LARGEST_PICTURE for picture in pictures)


def test_make_lists_what_can_be_made() -> None:
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"run", "test", "docs", "screenshots"} <= set(re.findall(r"make ([a-z-]+)", listed))


def _links(document: Path) -> list[str]:
    """Those within the repository."""
    found = LINK.finditer(prose(document.read_text(encoding="utf-8")))
    links = [link["inline"] or link["reference"] for link in found]
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def _anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _tests(path: str) -> set[str]:
    """The tests of a module, those of its classes as `TestClass::test_name`; a state machine's is an attribute."""
    file = ROOT / path
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    methods = {
        f"{node.name}::{method}"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for method in _functions(node)
    }
    return _functions(tree) | assigned | methods


def _functions(node: ast.Module | ast.ClassDef) -> set[str]:
    return {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
