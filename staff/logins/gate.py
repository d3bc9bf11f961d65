"""Stands between the login and the staff's pages. It asks for a password of one's own, a second factor, and a fresh
proof for some pages.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import urlencode

from staff.logins import factors, passwords

FREE = frozenset({"login", "logout", "jsi18n", "password_change", "password_change_done"})
"""Pages of the admin that need no more than a login."""
PROOF = frozenset(
    {
        "auth_group_add",
        "auth_group_change",
        "auth_user_add",
        "auth_user_change",
        "auth_user_password_change",
        "clients_apitoken_add",
        "clients_apitoken_rotate",
        "staff_roleclaim_add",
        "staff_roleclaim_change",
    }
)
"""Pages that ask for a fresh proof from users who may change something there. Exports ask for one too: they are known
by their names."""
PROOF_OF_POSTS = frozenset({"auth_user_changelist", "auth_group_changelist", "staff_roleclaim_changelist"})
"""Lists whose actions ask for a fresh proof, although reading them does not."""
MFA = "mfa_reauthenticate"
"""The prefix of second factors in allauth's names of proofs."""
OWN_PASSWORD = "Choose a password of your own first: somebody else knows this one."  # noqa: S105
SECOND_FACTOR = "Your login may do a lot, so it needs a second factor. Set one up first."
AGAIN = "Nothing was done yet: say that it is you, and then do it again."


class Gate(MiddlewareMixin):
    """Redirects users who may not go on yet."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The redirect; None if the user may go on."""
        match = request.resolver_match
        is_page = match is not None and "admin" in match.namespaces and match.url_name not in FREE
        if match is None or not is_page or not request.user.is_authenticated:
            return None
        if passwords.is_temporary(request):
            return _to(request, reverse("admin:password_change"), OWN_PASSWORD)
        if factors.must_show(request.user) and not factors.has_shown(request):
            return _to_a_factor(request)
        if _demands_proof(request, match.url_name or "") and not _is_proved(request):
            return _ask_again(request)
        return None


def _demands_proof(request: HttpRequest, page: str) -> bool:
    if page.endswith("_export"):
        return True
    if page in PROOF_OF_POSTS:
        return request.method == "POST"
    if page not in PROOF:
        return False
    app, model = page.split("_")[:2]
    return any(request.user.has_perm(f"{app}.{action}_{model}") for action in ("add", "change"))


def _is_proved(request: HttpRequest) -> bool:
    is_form = request.method == "POST"
    return factors.is_recent(request, factors.FOR_A_FORM if is_form else factors.RECENT)


def _to(request: HttpRequest, address: str, why: str) -> HttpResponse:
    messages.warning(request, why)
    return redirect(address)


def _to_a_factor(request: HttpRequest) -> HttpResponse:
    """Redirect to the page that sets up a factor, or to the one that asks for it: a login over another session forgets
    the factor.
    """
    ways = [way for way in _ways(request) if way["id"].startswith(MFA)]
    return _prove(request, ways) if ways else _to(request, reverse("mfa_index"), SECOND_FACTOR)


def _ask_again(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.warning(request, AGAIN)
    return _prove(request, _ways(request))


def _ways(request: HttpRequest) -> list[dict[str, Any]]:
    """The proofs that this user can give: a password, and the second factors that they have."""
    return list(get_adapter().get_reauthentication_methods(request.user))


def _prove(request: HttpRequest, ways: list[dict[str, Any]]) -> HttpResponse:
    """Redirect to the page that asks for the first of these proofs, or to single sign-on, which leads back."""
    address = ways[0]["url"] if ways else reverse("prove_by_sign_on")
    return redirect(f"{address}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}")
