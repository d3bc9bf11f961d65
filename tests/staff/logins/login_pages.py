"""Logging in by hand, as people do: with a password, and with a second factor."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from tests.staff.users import make_user

PASSWORD = "kT7-vowel-pond"
FACTORS = "/admin/account/factors/"
APP = f"{FACTORS}app/"


def person(kind: str) -> User:
    """Somebody of the staff with `PASSWORD`."""
    user = make_user(kind)
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(user: User, to: str = "/admin/") -> tuple[Client, Any]:
    """A browser in which name and password were sent, and the answer."""
    client = Client()
    posted = {"username": user.get_username(), "password": PASSWORD, "next": to}
    return client, client.post("/admin/login/", posted)


def code(secret: str) -> str:
    """The code that an app shows now. It is taken once, but here again: no test waits for the next."""
    cache.clear()
    counter = list(totp.yield_hotp_counters_from_time())[1]
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def set_up_an_app(client: Client) -> str:
    """Set up a second factor, and return its secret."""
    page = client.get(APP)
    assert page.status_code == 200, page["Location"]
    secret = str(client.session[totp.SECRET_SESSION_KEY])
    assert client.post(APP, {"code": code(secret)}).status_code == 302
    return secret


def factors_of(user: User) -> set[str]:
    """The kinds of factors that a user has set up."""
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
