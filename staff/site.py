"""The admin site: unfold's, with a help page."""

from functools import partial
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import PasswordChangeView
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from staff.logins import sessions
from staff.logins.forms import OwnPasswordForm
from theme import refresh

NOT_STAFF = (
    "The password is right, but this login may not open Bleep's pages. Ask the administrator of Bleep's logins to tick "
    "“Staff status” for you."
)


class StaffAuthenticationForm(AuthenticationForm):
    """The login form. It tells users without *Staff status* why they are refused.

    Django asks `confirm_login_allowed` after it has checked the password, so a stranger learns nothing from it.
    """

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Raises ValidationError for users who may not open the staff's pages."""
        if user.is_active and not getattr(user, "is_staff", False):
            raise ValidationError(NOT_STAFF, code="not_staff")
        super().confirm_login_allowed(user)


class StaffSite(UnfoldAdminSite):
    """The site on which `@admin.register` registers."""

    index_title = "Home"
    login_form = StaffAuthenticationForm

    def extra_urls(self) -> list[URLPattern]:
        """Pages beside those of the models; unfold calls this."""
        # These need the pages of models, which are registered on this site.
        from staff import aws_check, first_alert, palette  # noqa: PLC0415
        from staff.reports import answers  # noqa: PLC0415

        return [
            path("help/", self.admin_view(self.help_view), name="help"),
            path("first-alert/", self.admin_view(first_alert.view), name="first_alert"),
            path("aws/", self.admin_view(aws_check.view), name="aws_check"),
            path("answers/", self.admin_view(answers.view), name="answers"),
            path("answers/file/", self.admin_view(answers.file_view), name="answers_file"),
            path("find/", self.admin_view(palette.find_view), name="find"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Home; for its own script the part that changes."""
        response = super().index(request, extra_context)
        return refresh.only_part(request, response, "staff/home/parts.html")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in, and delete expired sessions, which hold what was searched for."""
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            SessionStore.clear_expired()
        return response

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As the theme's, with a form that knows who asks: the old password is guessed no more often than at login."""
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, request),
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast("HttpResponse", view(request))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log out; the browser keeps nothing."""
        response: HttpResponse = super().logout(request, extra_context)
        response["Clear-Site-Data"] = sessions.CLEAR_SITE_DATA
        return response

    def help_view(self, request: HttpRequest) -> HttpResponse:
        """The staff guide (docs/staff-guide.md)."""
        return TemplateResponse(request, "staff/help.html", {**self.each_context(request), "title": "Help"})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # unfold writes colours into every page as a <style>, which our Content-Security-Policy blocks. Ours are in
        # colours.css.
        return {**super().each_context(request), "colors": None}
