"""Single sign-on: a browser, Bleep, and a provider of OpenID Connect as a process of its own, over HTTP."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django import Settings

from staff.models import RoleClaim
from staff.roles import Role
from tests.environment import free_port
from tests.processes import answers, running, wait_until
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.logins.login_pages import FACTORS

SUBJECT = "7f0c"
CLAIMS: dict[str, Any] = {
    "sub": SUBJECT,
    "preferred_username": "olive.oakes",
    "given_name": "Olive",
    "family_name": "Oakes",
    "email": "olive@hospital.example",
    "groups": ["ward-operators", "canteen"],
}
BUTTON = "Log in with the hospital's login"


@pytest.fixture(scope="module")
def provider(log_dir: Path) -> Iterator[str]:
    """The provider's address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "-p",
        str(port),
        "--user-claims",
        json.dumps(CLAIMS),
    ]
    with running("oidc", command, {"PYTHONWARNINGS": "ignore"}, log_dir):
        wait_until(lambda: answers(f"{url}/.well-known/openid-configuration"), what="the provider answers")
        yield url


@pytest.fixture
def sign_on(provider: str, settings: Settings, db: None) -> str:
    """Bleep with that provider, and a role for one of its groups."""
    say(provider, **CLAIMS)
    settings.OIDC_ISSUER = provider
    app = {
        "provider_id": settings.OIDC_ID,
        "name": settings.OIDC_NAME,
        "client_id": "bleep",
        "secret": "not a secret",
        "settings": {"server_url": provider},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "form-action": ["'self'", provider]}}
    RoleClaim.objects.create(value="ward-operators", group=Group.objects.get(name=Role.OPERATORS.value))
    RoleClaim.objects.create(value="ward-auditors", group=Group.objects.get(name=Role.AUDITORS.value))
    return provider


def say(provider: str, **claims: Any) -> None:
    """What the provider says of the person from now on."""
    claims.pop("sub", None)
    requests.put(f"{provider}/users/{SUBJECT}", json=claims, timeout=5).raise_for_status()


def log_in(page: Page, to: str = "/admin/help/") -> None:
    """From the login page to the provider's, and back."""
    visit(page, to)
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_placeholder("sub").fill(SUBJECT)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/admin/**")
    wait_until_settled(page)


def forgive(site: Site, provider: str) -> None:
    """The provider's own page is asked for, which wants a stylesheet that is not here: neither is Bleep's to judge."""
    its_own = (provider, "/oauth2/", "cdn.jsdelivr.net", "pico.min.css")
    site.errors[:] = [each for each in site.errors if not any(part in each for part in its_own)]


def test_somebody_logs_in_by_the_hospitals_provider_with_the_roles_that_it_names(
    site: Site, sign_on: str
) -> None:
    page = site.page()
    log_in(page)
    expect(page).to_have_url(f"{site.url}/admin/help/")

    user = User.objects.get()
    assert (user.username, user.get_full_name(), user.is_staff) == ("olive.oakes", "Olive Oakes", True)
    assert not user.has_usable_password()
    assert [group.name for group in user.groups.all()] == [Role.OPERATORS.value]
    assert SocialAccount.objects.get().uid == SUBJECT
    cookies = {each["name"]: each["sameSite"] for each in page.context.cookies(site.url)}
    assert cookies["sessionid"] == "Strict"

    # Their roles change with what the provider says, and so does what they must show.
    by_hand = Group.objects.create(name="Night shift")
    user.groups.add(by_hand)
    say(sign_on, **{**CLAIMS, "groups": "ward-auditors"})
    page.context.clear_cookies()
    log_in(page)
    assert {group.name for group in user.groups.all()} == {Role.AUDITORS.value, by_hand.name}
    expect(page).to_have_url(f"{site.url}{FACTORS}")
    forgive(site, sign_on)


def test_who_has_no_role_is_told_so(site: Site, sign_on: str) -> None:
    say(sign_on, **{**CLAIMS, "groups": ["canteen"]})
    page = site.page()

    log_in(page)

    expect(page.locator("#page")).to_contain_text("this login may not open Bleep's pages")
    assert not User.objects.get().is_staff
    forgive(site, sign_on)


def test_whom_the_provider_has_asked_for_a_second_factor_is_not_asked_again(
    site: Site, sign_on: str, settings: Settings
) -> None:
    settings.OIDC_PROVIDES_MFA = True
    say(sign_on, **{**CLAIMS, "groups": ["ward-auditors"]})
    page = site.page()

    log_in(page)
    expect(page).to_have_url(f"{site.url}/admin/help/")

    # Without a password, proof is asked of the provider, which shows its page again.
    page.context.add_cookies([])
    visit(page, "/admin/account/sign-on/prove/?next=/admin/alerts/alert/export/")
    page.get_by_role("button", name="Continue with the hospital's login").click()
    assert "prompt=login" in page.url
    page.get_by_placeholder("sub").fill(SUBJECT)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/admin/alerts/alert/export/")
    forgive(site, sign_on)


def test_who_gives_up_at_the_provider_is_back_at_the_login_page(site: Site, sign_on: str) -> None:
    page = site.page()
    visit(page, "/admin/")
    page.get_by_role("button", name=BUTTON).click()

    page.get_by_role("button", name="Deny").click()

    expect(page.locator("#page")).to_contain_text("Single sign-on did not work.")
    assert not User.objects.exists()
    forgive(site, sign_on)


@pytest.mark.django_db
def test_a_provider_that_is_away_leaves_the_login_page(settings: Settings, sign_on: str) -> None:
    (app,) = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    app["settings"]["server_url"] = f"http://127.0.0.1:{free_port()}"

    answer = Client().post("/admin/account/sign-on/hospital/", follow=True)

    assert "Single sign-on did not work." in answer.content.decode()


@pytest.mark.django_db
def test_an_answer_that_nobody_asked_for_logs_nobody_in(sign_on: str) -> None:
    client = Client()

    first = client.get("/admin/account/sign-on/hospital/back/?code=a&state=b")
    answer = client.get("/admin/account/sign-on/hospital/back/?code=a&state=b&_redir=", follow=True)

    assert "refresh" in first.content.decode()
    assert "Single sign-on did not work." in answer.content.decode()
    assert client.get("/admin/account/sign-on/hospital/").status_code == 405
