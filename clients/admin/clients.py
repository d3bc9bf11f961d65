"""API clients in the admin. A client's page also shows its tokens and its usage."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import display

from clients.admin import summary
from clients.models import ApiClient
from theme.deletion import KeptIfNamed
from theme.history import ReadOnlyHistoryAdmin


@admin.register(ApiClient)
class ApiClientAdmin(KeptIfNamed, ReadOnlyHistoryAdmin):
    """Hospital systems that may send alerts. A client's page also lists its tokens and its usage."""

    warn_unsaved_form = True
    instead = "Untick “Active” there instead: its requests are then refused."
    list_display = ("name", "state", "requests_per_minute", "created_at")
    list_filter = ("active",)
    search_fields = ("name",)
    search_help_text = "Search by name."
    change_form_outer_after_template = "admin/clients/apiclient/summary.html"

    class Media:
        css: ClassVar = {"all": ["theme/pages.css", "clients/clients.css"]}
        js = ("theme/charts.js",)

    @display(description="State", ordering="active", label={"Active": "success", "Switched off": "danger"})
    def state(self, client: ApiClient) -> str:
        return "Active" if client.active else "Switched off"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        client = self.get_object(request, unquote(object_id)) if object_id else None
        found = summary.of(client) if client and self.has_view_permission(request, client) else None
        context = {**(extra_context or {}), "summary": found}
        return super().changeform_view(request, object_id, form_url, context)

    def response_add(
        self, request: HttpRequest, obj: ApiClient, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_save" not in request.POST or not request.user.has_perm("clients.add_apitoken"):
            usual: HttpResponse = super().response_add(request, obj, post_url_continue)
            return usual
        self.message_user(
            request, f"“{obj}” was added. To send, it needs a token: issue it here, or later from its page."
        )
        return redirect(f"{reverse('admin:clients_apitoken_add')}?{urlencode({'client': obj.pk})}")
