"""API clients and their tokens in the admin: issue, rotate, revoke. A secret is shown on one page, for minutes."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from clients import reveal, tokens
from clients.internal import TESTS
from clients.models import Access, ApiClient, ApiToken

NO_LONGER_SHOWN = (
    "A new token is shown for ten minutes, in the browser in which it was made. "
    "If it was not copied, rotate it or add another, and revoke the one that nobody has."
)


class TokenInline(TabularInline):
    """The client's tokens, to look at; they are managed on their own page."""

    model = ApiToken
    fields = ("prefix", "label", "access", "created_at", "expires_at", "revoked_at", "last_used_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: ApiClient | None = None) -> bool:
        return False


@admin.register(ApiClient)
class ApiClientAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Hospital systems that may send."""

    list_display = ("name", "state", "requests_per_minute", "created_at")
    list_filter = ("active",)
    search_fields = ("name",)
    search_help_text = "Search by name."
    inlines = (TokenInline,)

    def get_urls(self) -> list[URLPattern]:
        # Without simple-history's page of an entry: it saves what is posted by anybody who may look.
        return [url for url in super().get_urls() if url.name != "clients_apiclient_simple_history"]

    def has_change_permission(self, request: HttpRequest, obj: ApiClient | None = None) -> bool:
        return not _is_own(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiClient | None = None) -> bool:
        return not _is_own(obj) and super().has_delete_permission(request, obj)

    @display(description="State", ordering="active", label={"Active": "success", "Switched off": "danger"})
    def state(self, client: ApiClient) -> str:
        return "Active" if client.active else "Switched off"


def _is_own(client: ApiClient | None) -> bool:
    """Whether it is Bleep's own: renamed or switched on it would no longer be told from a hospital's."""
    return client is not None and client.name == TESTS


class TokenForm(forms.ModelForm[ApiToken]):
    """A token to be issued."""

    class Meta:
        model = ApiToken
        fields = ("client", "label", "access", "expires_at")

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise ValidationError("This is in the past: the token would never work.")
        return expires_at


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Adding a token issues it; it is then rotated or revoked, never edited or deleted."""

    form = TokenForm
    list_display = (
        "prefix",
        "client",
        "label",
        "access",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    list_filter = ("client", "access")
    list_select_related = ("client",)
    search_fields = ("prefix", "label", "client__name")
    autocomplete_fields = ("client",)
    search_help_text = "Search by beginning, label or client."
    actions = ("rotate", "revoke")

    def get_urls(self) -> list[URLPattern]:
        issued = path("issued/", self.admin_site.admin_view(self.issued_view), name="clients_apitoken_issued")
        return [issued, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ("client", "label", "access", "expires_at") if obj is None else self.list_display

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return obj is None and super().has_change_permission(request)  # the actions, and no page to edit on

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:  # noqa: FBT001
        token, secret = tokens.issue(
            client=obj.client, label=obj.label, access=Access(obj.access), expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = token.pk, token.prefix
        obj.issued = (token, secret)  # type: ignore[attr-defined]  # for response_add

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show(request, [obj.issued])  # type: ignore[attr-defined]

    @admin.action(
        description="Rotate: issue a successor, the old one works for another 24 hours",
        permissions=["change"],
    )
    @sensitive_variables("issued")
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        try:
            with transaction.atomic():  # all or none: what was issued before a refusal would never be shown
                issued = [tokens.rotate(token) for token in queryset.select_related("client")]
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        for token, _secret in issued:
            self.log_addition(request, token, "Issued by rotation.")
        return self._show(request, issued)

    @admin.action(description="Revoke: refuse from now on", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset.filter(revoked_at=None).select_related("client"):
            self.log_change(request, token, "Revoked.")
        count = tokens.revoke(queryset)
        self.message_user(
            request, f"{count} revoked. Requests that use a revoked token get a 401 from now on."
        )

    def issued_view(self, request: HttpRequest) -> HttpResponse:
        """The secrets that this browser was just issued; a POST says that they have been copied."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        issued = reveal.kept(request)
        if request.method == "POST" or not issued:
            if not issued:
                self.message_user(request, NO_LONGER_SHOWN, messages.WARNING)
            response: HttpResponse = redirect("admin:clients_apitoken_changelist")
            reveal.forget(request, response, path=request.path)
            return response
        context = {
            **self.admin_site.each_context(request),
            "title": "Copy this now",
            "issued": issued,
            "opts": self.opts,
        }
        # Like each page of the admin it is sent with `no-store`.
        return TemplateResponse(request, "admin/clients/apitoken/issued.html", context)

    def _show(self, request: HttpRequest, issued: reveal.Issued) -> HttpResponse:
        page = reverse("admin:clients_apitoken_issued")
        response = redirect(page)
        reveal.keep(request, response, issued, path=page)
        return response
