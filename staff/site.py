"""The admin site: unfold's, with a help page."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from staff.logins import pages, sessions
from staff.logins.forms import OwnPasswordForm
from theme import refresh
from theme.guard import guarded

HIDDEN = frozenset({"account", "axes", "mfa", "socialaccount"})
"""Apps whose models have no pages."""
NOT_STAFF = (
    "The password is right, but this login may not open Bleep's pages. Ask the administrator of Bleep's logins to tick "
    "“Staff status” for you."
)


class StaffAuthenticationForm(AuthenticationForm):
    """The login form. It tells users without *Staff status* why they are refused.

    Django calls `confirm_login_allowed` after it has checked the password, so a stranger learns nothing from it.
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

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        """Every page comes through here, once Django has checked that a member of staff asks for it."""
        return super().admin_view(guarded(view), cacheable)

    def extra_urls(self) -> list[URLPattern]:
        """The URLs of pages besides those of the models. unfold calls this."""
        # These need the pages of models, which are registered on this site.
        from staff import aws_check, first_alert, palette  # noqa: PLC0415
        from staff.reports import answers  # noqa: PLC0415
        from staff.trail import pages  # noqa: PLC0415

        return [
            path("help/", self.admin_view(self.help_view), name="help"),
            path("first-alert/", self.admin_view(first_alert.view), name="first_alert"),
            path("aws/", self.admin_view(aws_check.view), name="aws_check"),
            path("answers/", self.admin_view(answers.view), name="answers"),
            path("answers/file/", self.admin_view(answers.file_view), name="answers_export"),
            path("trail/", self.admin_view(pages.view), name="trail"),
            path("trail/patient/", self.admin_view(pages.patient_view), name="trail_patient"),
            path("changes/", self.admin_view(pages.changes_view), name="trail_changes"),
            path("changes/file/", self.admin_view(pages.changes_file_view), name="trail_changes_export"),
            path("find/", self.admin_view(palette.find_view), name="find"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Home. Its own script gets only the part that changes."""
        response = super().index(request, extra_context)
        return refresh.only_part(request, response, "staff/home/parts.html")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leave out the pages that libraries of logins bring: they would show secrets, and look different."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        shown = [model for model in models if model._meta.app_label not in HIDDEN]  # noqa: SLF001
        super().register(shown, admin_class, **options)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's login page, by `LoginView`, with a button for single sign-on if there is one."""
        home = reverse("admin:index")
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(home)
        to = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or home
        context = {
            **self.each_context(request),
            "title": "Log in",
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            REDIRECT_FIELD_NAME: to,
            "provider": pages.provider(to),
            "requires_mfa": settings.REQUIRE_MFA,
            "takes_passwords": settings.LOCAL_LOGINS,
            "not_staff": NOT_STAFF,
            **(extra_context or {}),
        }
        view = pages.LoginView.as_view(
            authentication_form=self.login_form, template_name="admin/login.html", extra_context=context
        )
        return cast("HttpResponse", view(request))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The theme's page, with a form that knows the user: guessing the old password is limited as at a login."""
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, request),
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast("HttpResponse", view(request))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log out. The browser is told to keep nothing."""
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
