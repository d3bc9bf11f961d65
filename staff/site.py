"""The admin site that staff use: unfold's, with what its theme leaves to us."""

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class StaffSite(UnfoldAdminSite):
    """Every ModelAdmin that is registered with `@admin.register` is on this one."""

    index_title = "Home"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # unfold writes the palette into every page as a <style>, which our Content-Security-Policy refuses: ours is in
        # the stylesheet.
        return {**super().each_context(request), "colors": None}
