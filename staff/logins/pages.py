"""Pages of logins that allauth does not have: the login page, the page of one's own login, and the proof by single
sign-on.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.utils import get_request_param
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME, views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from requests import RequestException

from staff.logins import factors, sessions
from staff.logins.sign_on import claims

View = Callable[..., HttpResponseBase]
ENDED = "You are logged out everywhere else."


class LoginView(views.LoginView):
    """Django's page for name and password. After it allauth asks for the second factor, if there is one."""

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        login = Login(user=user, redirect_url=self.get_success_url())
        response: HttpResponse = perform_password_login(
            self.request, {"username": user.get_username()}, login
        )
        return response


class FactorView(AuthenticateView):
    """Asks for the second factor at a login. Offers a security key only to users who have one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The context of the page."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if not is_mfa_enabled(self.stage.login.user, [Authenticator.Type.WEBAUTHN]):
            context["MFA_SUPPORTED_TYPES"] = [
                each for each in settings.MFA_SUPPORTED_TYPES if each != Authenticator.Type.WEBAUTHN
            ]
        return context


def in_site(view: View) -> View:
    """One of allauth's pages, with the context that the site's templates need."""

    @wraps(view)
    @never_cache
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            response.context_data = {**admin.site.each_context(request), **(response.context_data or {})}
        return response

    return shown


@login_required
def own(request: HttpRequest) -> HttpResponse:
    """The page of one's own login: its proofs, and its open sessions."""
    factors_set_up = Authenticator.objects.filter(user=request.user).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    context = {
        "title": "Your login",
        "factors": factors_set_up.count(),
        "must_show": factors.must_show(request.user),
        "requires_mfa": settings.REQUIRE_MFA,
        "sign_on": settings.OIDC_NAME if SocialAccount.objects.filter(user=request.user).exists() else "",
    }
    return TemplateResponse(request, "staff/login/own.html", context)


@login_required
@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all other sessions of this user."""
    sessions.end_others(request)
    messages.success(request, ENDED)
    return redirect("own_login")


@login_required
def prove_by_sign_on(request: HttpRequest) -> HttpResponse:
    """The proof for users who have neither a password nor a second factor here: single sign-on, which has to ask
    again.
    """
    to = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure()):
        to = reverse("admin:index")
    return TemplateResponse(
        request, "staff/login/prove.html", {"title": "Confirm access", "provider": provider(to, again=True)}
    )


@require_POST
def sign_on(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Redirect to the provider of single sign-on. It is a login: no identity is added to the login of an open
    browser.
    """
    if get_request_param(request, "process", AuthProcess.LOGIN) != AuthProcess.LOGIN:
        raise Http404
    try:
        response: HttpResponseBase = oidc.login(request, provider_id)
    except RequestException:  # the provider does not say where its page is
        messages.error(request, claims.FAILED)
        response = redirect("admin:login")
    return response


def provider(to: str, *, again: bool = False) -> dict[str, str] | None:
    """The name of single sign-on and the address of its button; None if there is none."""
    if not settings.OIDC_ISSUER:
        return None
    more = {"auth_params": urlencode({"prompt": "login"})} if again else {}
    address = reverse("openid_connect_login", args=[settings.OIDC_ID])
    return {"name": settings.OIDC_NAME, "url": f"{address}?{urlencode({REDIRECT_FIELD_NAME: to, **more})}"}
