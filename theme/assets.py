"""What is laid over unfold's theme; `settings.UNFOLD` names these functions."""

from django.http import HttpRequest
from django.templatetags.static import static


def stylesheet(request: HttpRequest) -> str:
    """The palette, and what unfold's own stylesheet lacks."""
    return static("theme/theme.css")


def script(request: HttpRequest) -> str:
    """What unfold's scripts need to live under our Content-Security-Policy."""
    return static("theme/theme.js")


def once(request: HttpRequest) -> str:
    """What keeps a form from being sent twice by a double-click."""
    return static("theme/once.js")


def favicon(request: HttpRequest) -> str:
    """The sign in the browser's tab."""
    return static("theme/favicon.svg")
