"""Pictures for the documents: SVG, in the reader's light or dark colours."""

from collections.abc import Sequence
from html import escape

WIDTH = 760
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.title { font-weight: 600; font-size: 14px } .small { fill: #4b5563 }
.grid { stroke: #d1d5db } .away { fill: #fee2e2 }
.one { stroke: #1d4ed8; fill: #1d4ed8 } .two { stroke: #b45309; fill: #b45309 }
.three { stroke: #047857; fill: #047857 } .four { stroke: #7e22ce; fill: #7e22ce }
.words { stroke: none } .hollow { fill: none } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .small { fill: #9ca3af } .grid { stroke: #4b5563 } .away { fill: #4c1d1d }
  .one { stroke: #93c5fd; fill: #93c5fd } .two { stroke: #fbbf24; fill: #fbbf24 }
  .three { stroke: #6ee7b7; fill: #6ee7b7 } .four { stroke: #d8b4fe; fill: #d8b4fe }
  .words { stroke: none } .hollow, .line { fill: none }
}
"""


def text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    """A text at a place."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(height: int, parts: Sequence[str], described: str) -> str:
    """The picture, `WIDTH` wide. `described` is for people who do not see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(described)}">'
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>", ""])
