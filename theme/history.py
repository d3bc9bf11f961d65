"""Admin pages whose history can be read and not reverted."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin


class ReadOnlyHistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """unfold's admin with simple-history's list of changes, but without its page of one change.

    That page saves whatever is posted to it, even by users who may only view the object.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_simple_history"
        return [url for url in super().get_urls() if url.name != name]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list of changes; a 404 for a key that is no number, which simple-history would look for."""
        if not unquote(object_id).isdecimal():
            raise Http404
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response
