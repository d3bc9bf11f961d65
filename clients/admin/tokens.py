"""Tokens in the admin: issue, rotate, revoke. A secret is shown on one page, for ten minutes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

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

from clients import tokens
from clients.admin import reveal, summary
from clients.models import Access, ApiToken
from theme.guard import Guarded, is_key

NO_LONGER_SHOWN = (
    "A new token is shown for ten minutes, in the browser that issued it. "
    "If you did not copy it, rotate it or issue another one, and revoke the lost one."
)
TOO_MANY = (
    f"At most {reveal.MAX_SHOWN} new tokens can be shown at once. "
    "Copy those already shown first, or choose fewer."
)


class TokenForm(forms.ModelForm[ApiToken]):
    """The form that issues a token."""

    class Meta:
        model = ApiToken
        fields = ("client", "label", "access", "expires_at")

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise ValidationError("This is in the past: the token would never work.")
        return expires_at


@admin.register(ApiToken)
class ApiTokenAdmin(Guarded):
    """Adding a token issues it. Afterwards it is rotated or revoked, but never edited or deleted."""

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
        views = {"issued": self.issued_view, "rotate": self.rotate_view, "revoke": self.revoke_view}
        own = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"clients_apitoken_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ("client", "label", "access", "expires_at") if obj is None else self.list_display

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form has one button, because every button would lead to the page that shows the token."""
        if request.method == "POST" and self.has_add_permission(request) and not reveal.has_room(request, 1):
            return self._refuse(request, TOO_MANY, [])
        shown = {
            "title": "Issue a token",
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().add_view(request, *args, **{**kwargs, "extra_context": shown})

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return obj is None and super().has_change_permission(
            request
        )  # for the actions; there is no page to edit

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

    @admin.action(description="Rotate: issue a successor", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse:
        return redirect(_confirm_url("rotate", queryset))

    @admin.action(description="Revoke: refuse from now on", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse:
        return redirect(_confirm_url("revoke", queryset))

    @sensitive_variables("issued")
    def rotate_view(self, request: HttpRequest) -> HttpResponse:
        """Explain rotation, and do it once it is confirmed."""
        chosen = self._chosen(request)
        if request.method != "POST" or not chosen:
            return self._confirm(request, "rotate", chosen)
        if not reveal.has_room(request, len(chosen)):
            return self._refuse(request, TOO_MANY, chosen)
        issued = []
        try:
            with transaction.atomic():  # all or none: a secret issued before an error would never be shown
                for old in chosen:
                    new, secret = tokens.rotate(old)
                    self.log_change(request, old, f"Rotated. Its successor begins with {new.prefix}.")
                    self.log_addition(request, new, f"Issued by rotation of {old.prefix}….")
                    issued.append((new, secret))
        except ValueError as error:
            return self._refuse(request, str(error), chosen)
        return self._show(request, issued)

    def revoke_view(self, request: HttpRequest) -> HttpResponse:
        """Explain revocation, and do it once it is confirmed."""
        chosen = self._chosen(request)
        if request.method != "POST" or not chosen:
            return self._confirm(request, "revoke", chosen)
        with transaction.atomic():
            revoked = tokens.revoke(ApiToken.objects.filter(pk__in=[token.pk for token in chosen]))
            for token in revoked:
                self.log_change(request, token, "Revoked.")
        self.message_user(
            request, f"{len(revoked)} revoked. Requests that use a revoked token get a 401 from now on."
        )
        return redirect(_back_url(chosen))

    def issued_view(self, request: HttpRequest) -> HttpResponse:
        """Show the secrets that were just issued to this browser, until a POST confirms that they were copied."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        issued = reveal.kept(request)
        if request.method == "POST" or not issued:
            if not issued:
                self.message_user(request, NO_LONGER_SHOWN, messages.WARNING)
            response: HttpResponse = redirect(_back_url([token for token, _secret in issued]))
            reveal.forget(response)
            return response
        url = request.build_absolute_uri(reverse("alerts"))
        shown = [(token, secret, summary.first_request(token, secret, url)) for token, secret in issued]
        # Like every admin page, it is sent with `no-store`.
        return self._page(request, "issued", title="Copy this now", issued=issued, shown=shown)

    def _chosen(self, request: HttpRequest) -> list[ApiToken]:
        """The tokens in the request."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        named = request.POST.getlist("token") if request.method == "POST" else request.GET.getlist("token")
        keys = [key for key in named if is_key(key)]
        return list(ApiToken.objects.filter(pk__in=keys).select_related("client"))

    def _confirm(self, request: HttpRequest, action: str, chosen: list[ApiToken]) -> HttpResponse:
        if not chosen:
            self.message_user(request, f"Choose the tokens to {action} first.", messages.WARNING)
            return redirect(_back_url([]))
        title = (
            f"{action.capitalize()} {'this token' if len(chosen) == 1 else f'these {len(chosen)} tokens'}?"
        )
        until = timezone.now() + tokens.ROTATION_OVERLAP
        return self._page(request, action, title=title, chosen=chosen, back=_back_url(chosen), until=until)

    def _page(self, request: HttpRequest, name: str, **shown: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **shown}
        return TemplateResponse(request, f"admin/clients/apitoken/{name}.html", context)

    def _refuse(self, request: HttpRequest, sentence: str, chosen: Sequence[ApiToken]) -> HttpResponse:
        """Redirect with an error: to the new secrets if there are any, since the request may be a repeat."""
        self.message_user(request, sentence, messages.ERROR)
        return redirect(
            reverse("admin:clients_apitoken_issued") if reveal.kept(request) else _back_url(chosen)
        )

    def _show(self, request: HttpRequest, issued: reveal.Issued) -> HttpResponse:
        response = redirect("admin:clients_apitoken_issued")
        reveal.keep(request, response, issued)
        return response


def _confirm_url(action: str, queryset: QuerySet[ApiToken]) -> str:
    """The page that asks before these tokens are rotated or revoked."""
    named = urlencode([("token", key) for key in queryset.values_list("pk", flat=True)])
    return f"{reverse(f'admin:clients_apitoken_{action}')}?{named}"


def _back_url(chosen: Sequence[ApiToken]) -> str:
    """The page of the tokens' client, or the list of tokens if there is no single client."""
    clients = {token.client_id for token in chosen}
    if len(clients) == 1:
        return reverse("admin:clients_apiclient_change", args=list(clients))
    return reverse("admin:clients_apitoken_changelist")
