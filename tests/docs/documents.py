"""The repository's Markdown files, and how they are read here."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("[!.]*/README.md")], key=str
)
NAMED_TEST = re.compile(r"`((?:deploy/aws/)?tests/[\w/]+\.py)::((?:Test\w+::)?test_\w+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """The path as people say it, for the names of tests."""
    return str(path.relative_to(ROOT))


def read(path: str) -> str:
    """The text of a file of this repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """The text without its blocks of code."""
    return FENCE.sub("", text)


def rows(text: str, first_heading: str) -> list[list[str]]:
    """The cells of each row of the table whose first column has this heading."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith(f"| {first_heading} |"):
            inside = True
        elif inside and not line.startswith("|"):
            return found
        elif inside and not set(line) <= set("|- "):
            found.append(cells)
    return found
