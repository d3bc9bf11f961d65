"""Files added to unfold's theme. `settings.UNFOLD` names these functions."""

from django.http import HttpRequest
from django.templatetags.static import static


def stylesheet(request: HttpRequest) -> str:
    """The colours, and fixes to unfold's styles."""
    return static("theme/theme.css")


def script(request: HttpRequest) -> str:
    """Makes unfold's scripts work under our Content-Security-Policy."""
    return static("theme/theme.js")


def once(request: HttpRequest) -> str:
    """Keeps a double-click from sending a form twice."""
    return static("theme/once.js")


def favicon(request: HttpRequest) -> str:
    """The icon in the browser's tab."""
    return static("theme/favicon.svg")
