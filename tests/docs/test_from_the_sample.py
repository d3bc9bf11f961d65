"""docs/from-the-sample.md: what the sample's README lists has its counterpart in Bleep, where to look, and a test."""

import re

from tests.docs.documents import NAMED_TEST, read, rows

PAGE = "docs/from-the-sample.md"
LINK_OR_COMMAND = re.compile(r"\]\([^)]+\)|`(?:make|manage\.py|deploy/aws/run) [^`]+`|`\w+`")
PARTS = {
    "What it is made of": (
        "Gateway",
        "authorizer",
        "Lambda",
        "preferences",
        "message_id",
        "SNS",
        "Connect",
        "X-Ray",
    ),
    "Before the first deployment": ("countries", "+447", "instance", "variables"),
    "Deployment": ("npm install", "bootstrap", "synth", "deploy", "subscription", "sandbox", "destroy"),
    "The first alert": ("C-1", "Postman", "NHS number"),
    "For production": ("1. ", "2. ", "3. ", "4. ", "5. "),
    "Its roadmap": ("1. ", "Set voice", "2. ", "side by side"),
}
"""For each section what its rows are about, in the words of the sample's README."""


def table_of(section: str) -> list[list[str]]:
    """The rows of a section's table."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## )", read(PAGE), re.MULTILINE | re.DOTALL)
    return rows(text, "In the sample")


def test_each_row_says_where_to_look_and_names_a_test() -> None:
    for section in PARTS:
        for row in table_of(section):
            assert len(row) == 3, row
            assert LINK_OR_COMMAND.search(row[1]), row
            assert NAMED_TEST.fullmatch(row[2]), row


def test_every_item_of_the_samples_readme_is_there() -> None:
    for section, subjects in PARTS.items():
        said = " ".join(row[0] for row in table_of(section))
        assert [subject for subject in subjects if subject not in said] == []
