"""The admin site that staff use: unfold's, with what its theme leaves to us."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite


class StaffSite(UnfoldAdminSite):
    """Every ModelAdmin that is registered with `@admin.register` is on this one."""

    index_title = "Home"

    def extra_urls(self) -> list[URLPattern]:
        """Pages beside those of the models, in unfold's way."""
        return [path("help/", self.admin_view(self.help_view), name="help")]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log somebody in; and clear away the sessions that have ended, with what was searched for in them."""
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            SessionStore.clear_expired()
        return response

    def help_view(self, request: HttpRequest) -> HttpResponse:
        """The guide for ward staff (docs/staff-guide.md)."""
        return TemplateResponse(request, "staff/help.html", {**self.each_context(request), "title": "Help"})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # unfold writes the palette into every page as a <style>, which our Content-Security-Policy refuses: ours is in
        # the stylesheet.
        return {**super().each_context(request), "colors": None}
