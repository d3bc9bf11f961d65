"""The guides in `docs/`, as pages show them."""

import re
from functools import cache
from html import escape

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

LINK_TO_FILE = re.compile(r"\[([^]]+)\]\([a-z-]+\.md[^)]*\)")
"""The pages have no other document to lead to."""
PICTURE = re.compile(r"^!\[.*\n\n", re.MULTILINE)
EXAMPLE = re.compile(r"<!-- example: (.+?) -->\n```http\n(.*?)```", re.DOTALL)
LEFT_OUT = ("<!-- left out at /docs, which has a menu: begin -->", "<!-- left out at /docs: end -->")
"""Around the list of contents in `docs/api.md`."""

register = template.Library()


@register.simple_tag
@cache
def staff_guide() -> SafeString:
    """`docs/staff-guide.md`, without pictures."""
    return _html(PICTURE.sub("", _read("staff-guide.md")))


@register.simple_tag
@cache
def api_guide() -> SafeString:
    """`docs/api.md`, with its examples folded, and without its list of contents."""
    text = without_left_out(_read("api.md"))
    examples: list[str] = []

    def fold(found: re.Match[str]) -> str:
        examples.append(
            f"<details><summary>Example: {found[1]}</summary><pre>{escape(found[2].rstrip())}</pre></details>"
        )
        return f"EXAMPLE-{len(examples)}-"

    made: str = _html(EXAMPLE.sub(fold, text))
    for number, example in enumerate(examples, 1):
        made = made.replace(f"<p>EXAMPLE-{number}-</p>", example)
    return mark_safe(made)  # noqa: S308 - from a file of ours


def without_left_out(text: str) -> str:
    """The text without what is between the comments `LEFT_OUT`. Raises ValueError if they are not there."""
    before, begin, rest = text.partition(LEFT_OUT[0])
    _left_out, end, after = rest.partition(LEFT_OUT[1])
    if not (begin and end):
        raise ValueError(
            f"docs/api.md lacks the comment “{LEFT_OUT[1] if begin else LEFT_OUT[0]}”: put it back, "
            "before or after the list of contents."
        )
    return before + after


def _read(name: str) -> str:
    """A document without its title."""
    return (settings.BASE_DIR / "docs" / name).read_text(encoding="utf-8").partition("\n")[2]


def _html(text: str) -> SafeString:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - every process that has templates loads this module

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    made: str = reader.render(LINK_TO_FILE.sub(r"\1", text))
    return mark_safe(made)  # noqa: S308 - from a file of ours
