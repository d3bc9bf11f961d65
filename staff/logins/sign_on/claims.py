"""Roles by single sign-on: the claims of the provider decide which groups a user is in."""

from collections.abc import Mapping
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from staff.logins.sign_on import links
from staff.models import RoleClaim

FAILED = "Single sign-on did not work. Try again; if that does not help, tell the people who run Bleep."
FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt"})
"""Values of `amr` (RFC 8176) with which a provider says that it has asked for a second factor."""


class SocialAdapter(DefaultSocialAccountAdapter):
    """Single sign-on. Anybody whom the provider knows may log in; the table of claims says what they may do."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the login by the provider's own identifier, or by a superuser's permission. An e-mail address proves
        nothing.
        """
        sociallogin.email_addresses = []
        links.link(request, sociallogin, said(sociallogin))
        if sociallogin.is_existing:
            give_roles(sociallogin.user, said(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        give_roles(user, said(sociallogin))
        if advice := links.advice(user, said(sociallogin)):
            messages.warning(request, advice)
        return user

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Redirect to the login page, which says that it did not work."""
        messages.error(request, FAILED)
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("admin:login")))


def said(sociallogin: SocialLogin) -> Mapping[str, Any]:
    """The claims in the provider's ID token and in its userinfo answer."""
    data = sociallogin.account.extra_data
    return {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}


def has_shown_a_factor(sociallogin: SocialLogin) -> bool:
    """Whether the provider has asked for a second factor: by its signed token alone, or by the setting that it always
    does.
    """
    words = (sociallogin.account.extra_data.get("id_token") or {}).get("amr") or []
    return bool(settings.OIDC_PROVIDES_MFA or not FACTORS.isdisjoint(words))


@transaction.atomic
def give_roles(user: User, claims: Mapping[str, Any]) -> None:
    """Put the user into the groups that the table names for these claims, and take them out of its other groups.

    Other groups are given by hand only, and so is superuser status.
    """
    values = claims.get(settings.OIDC_ROLES_CLAIM) or []
    given = {str(value) for value in (values if isinstance(values, list) else [values])}
    table = list(RoleClaim.objects.values_list("value", "group_id"))
    named = {group for _value, group in table}
    due = {group for value, group in table if value in given}
    user.groups.remove(*Group.objects.filter(pk__in=named - due))
    user.groups.add(*Group.objects.filter(pk__in=due))
    user.is_staff = user.is_superuser or user.groups.exists()
    user.save(update_fields=["is_staff"])
