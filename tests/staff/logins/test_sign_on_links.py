"""Logins from before single sign-on: linked where a superuser has said so, and never by a name alone."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.core import context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages import get_messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from staff.models import SignOnLink
from tests.staff.access.permissions import OPERATORS
from tests.staff.users import SUPERUSER, make_user

pytestmark = pytest.mark.django_db

CLAIMS: dict[str, Any] = {
    "sub": "7f0c",
    "preferred_username": "olive.oakes",
    "email": "olive@hospital.example",
    "email_verified": True,
    "groups": [],
}


@pytest.fixture(autouse=True)
def provider(settings: Settings) -> None:
    settings.OIDC_ISSUER = "https://login.example"
    app = {
        "provider_id": settings.OIDC_ID,
        "name": "the hospital's login",
        "client_id": "bleep",
        "secret": "none",
        "settings": {"server_url": settings.OIDC_ISSUER},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}


def come_back(settings: Settings, **claims: Any) -> HttpRequest:
    """As after the provider's answer: somebody is logged in by what it says of them."""
    said = {**CLAIMS, **claims}
    request = RequestFactory().get("/admin/account/sign-on/hospital/back/")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda _: HttpResponse()).process_request(request)
    request.user = AnonymousUser()
    with context.request_context(request):
        found = get_adapter().get_provider(request, settings.OIDC_ID)
        login: SocialLogin = found.sociallogin_from_response(request, {"userinfo": said, "id_token": said})
        complete_login(request, login, raises=True)
    return request


def told(request: HttpRequest) -> str:
    return " ".join(str(each) for each in get_messages(request))


def allow(user: User) -> None:
    client = Client()
    client.force_login(make_user(SUPERUSER))
    client.post("/admin/auth/user/", {"action": "link_to_sign_on", "_selected_action": user.pk})


def test_a_login_from_before_is_not_given_away_and_its_owner_is_told_whom_to_ask(settings: Settings) -> None:
    old = User.objects.create_user("olive.oakes", email=CLAIMS["email"])

    request = come_back(settings)

    new = SocialAccount.objects.get().user
    assert new != old
    assert request.user == new
    assert "Bleep had one that looks like yours, olive.oakes." in told(request)
    assert "ask a superuser" in told(request)


@pytest.mark.parametrize("name", ["olive.oakes", "Olive.Oakes", "by-address"])
@pytest.mark.parametrize("has_new", [False, True], ids=["at first", "after a new login was made"])
def test_it_is_linked_once_a_superuser_has_said_so(settings: Settings, name: str, has_new: bool) -> None:
    old = User.objects.create_user(name, email="Olive@hospital.example")
    if has_new:
        come_back(settings)
    allow(old)

    request = come_back(settings)

    assert SocialAccount.objects.get().user == old
    assert request.user == old
    assert told(request) == ""
    assert User.objects.filter(is_active=True).exclude(is_superuser=True).get() == old
    assert Event.objects.filter(object_id=old.pk, detail="+single sign-on").count() == 1
    assert not SignOnLink.objects.exists()
    assert come_back(settings).user == old


@pytest.mark.parametrize(
    "claims",
    [
        {"preferred_username": "somebody.else", "email_verified": False},
        {"preferred_username": "somebody.else", "email_verified": "true"},
        {"preferred_username": "somebody.else", "email": "other@hospital.example"},
        {"preferred_username": ["olive.oakes"], "email": ""},
        {"preferred_username": "olive.oake_", "email": ""},
    ],
)
def test_nobody_else_gets_it(settings: Settings, claims: dict[str, Any]) -> None:
    old = User.objects.create_user("olive.oakes", email=CLAIMS["email"])
    allow(old)

    request = come_back(settings, **claims)

    assert request.user != old
    assert SignOnLink.objects.filter(user=old).exists()


def test_it_is_open_for_a_week(settings: Settings) -> None:
    old = User.objects.create_user("olive.oakes")
    allow(old)
    SignOnLink.objects.update(allowed_at=timezone.now() - timedelta(days=8))

    assert come_back(settings).user != old


def test_only_superusers_open_it(client: Client) -> None:
    old = User.objects.create_user("olive.oakes")
    client.force_login(make_user(OPERATORS))

    client.post("/admin/auth/user/", {"action": "link_to_sign_on", "_selected_action": old.pk})

    assert not SignOnLink.objects.exists()


def test_nobody_ties_another_identity_to_the_login_of_an_open_browser(client: Client) -> None:
    client.force_login(make_user(SUPERUSER))

    for address in ("?process=connect", "?process=redirect"):
        assert client.post(f"/admin/account/sign-on/hospital/{address}").status_code == 404
    assert client.post("/admin/account/sign-on/hospital/", {"process": "connect"}).status_code == 404
