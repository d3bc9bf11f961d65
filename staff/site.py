"""The admin site: unfold's, with a help page."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite


class StaffSite(UnfoldAdminSite):
    """The site on which `@admin.register` registers."""

    index_title = "Home"

    def extra_urls(self) -> list[URLPattern]:
        """Pages beside those of the models; unfold calls this."""
        return [path("help/", self.admin_view(self.help_view), name="help")]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in, and delete expired sessions, which hold what was searched for."""
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            SessionStore.clear_expired()
        return response

    def help_view(self, request: HttpRequest) -> HttpResponse:
        """The staff guide (docs/staff-guide.md)."""
        return TemplateResponse(request, "staff/help.html", {**self.each_context(request), "title": "Help"})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # unfold writes colours into every page as a <style>, which our Content-Security-Policy blocks. Ours are in
        # theme.css.
        return {**super().each_context(request), "colors": None}
