"""Badges: a word with a colour and an icon, so that nobody has to tell states apart by colour alone."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Badge:
    """The text, its tone (`theme.css` has the colours), and the Material Symbol before it."""

    text: str
    tone: str
    icon: str

    @property
    def html(self) -> SafeString:
        """The badge as HTML. CSS draws the icon, so it is not part of the text that is copied or read out."""
        return format_html('<span class="badge {}" data-icon="{}">{}</span>', self.tone, self.icon, self.text)
