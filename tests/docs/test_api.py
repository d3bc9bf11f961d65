"""docs/api.md: its examples are what Bleep answers. `make docs` puts new ones in where they differ."""

import ast
import os
import re
from html import escape
from typing import Any

import pytest

from alerts.states import AlertStatus, EngagementState, Proof, ResponsibilityState, Why
from contacts.routing import NoRoute
from staff.templatetags import guides
from tests.aws import Aws
from tests.docs.api_examples import EXAMPLES, Hospital
from tests.docs.documents import ROOT, read, rows

PAGE = "docs/api.md"
REFRESH = "REFRESH_DOCS"
"""The variable that has the examples written instead of compared (`make docs`)."""
EXAMPLE = re.compile(r"<!-- example: (?P<name>[^>]+?) -->\n```http\n(?P<shown>.*?)```", re.DOTALL)
VOLATILE = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"cursor=[\w%]+"), "cursor=<page>"),
    (re.compile(r"Retry-After: \d+|in \d+ seconds?"), "<seconds>"),
    # The words for a status differ between versions of Python.
    (re.compile(r"(?<=HTTP/1.1 \d\d\d) .*"), "<title>"),
)


@pytest.fixture
def hospital(transactional_db: None, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    """A lab with a token, and a clinician with every kind of address."""
    return Hospital(aws, monkeypatch)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_what_bleep_answers(name: str, hospital: Hospital) -> None:
    written = EXAMPLES[name](hospital)

    shown = {found["name"]: found["shown"] for found in EXAMPLE.finditer(read(PAGE))}
    if os.environ.get(REFRESH) and _steady(shown[name]) != _steady(written):
        block = f"<!-- example: {name} -->\n```http\n"
        page = read(PAGE).replace(f"{block}{shown[name]}", f"{block}{written}")
        (ROOT / PAGE).write_text(page, encoding="utf-8")
    else:
        assert _steady(shown[name]) == _steady(written), "out of date: `make docs` puts the new one in"


def test_every_example_is_made_here() -> None:
    assert {found["name"] for found in EXAMPLE.finditer(read(PAGE))} == set(EXAMPLES)


def test_the_page_names_every_status() -> None:
    assert [row[0] for row in rows(read(PAGE), "`status`")] == [f"`{value}`" for value in AlertStatus.values]


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("`responsibility.state`", ResponsibilityState),
        ("`engagements[].state`", EngagementState),
        ("`why`", Why),
        ("`proof`", Proof),
    ],
)
def test_the_page_names_every_word_of_the_closed_loop(heading: str, words: Any) -> None:
    assert [row[0] for row in rows(read(PAGE), heading)] == [f"`{value}`" for value in words.values]


def test_the_page_names_every_code() -> None:
    source = ast.parse(read("alerts/api/problems.py"))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and len(node.args) > 1]
    ours = {
        str(call.args[1].value)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "_problem"
        and isinstance(call.args[1], ast.Constant)
    }
    named = {row[1].strip("`") for row in rows(read(PAGE), "Status")}
    assert named >= ours | set(NoRoute.values)
    assert ours >= {"invalid", "conflict", "unavailable"}, "they are no longer found where they were"


def _steady(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return text


def test_the_guide_at_docs_has_all_but_the_list_of_contents() -> None:
    shown = guides.api_guide()

    assert "<h2>Authentication</h2>" in shown
    assert "There is one resource" in shown
    assert "#sending-an-alert" not in shown
    assert not any(escape(marker) in shown for marker in guides.LEFT_OUT)


@pytest.mark.parametrize("marker", guides.LEFT_OUT)
def test_a_marker_that_is_missing_is_named(marker: str) -> None:
    with pytest.raises(ValueError, match=f"lacks the comment “{marker}”"):
        guides.without_left_out(read(PAGE).replace(marker, ""))
