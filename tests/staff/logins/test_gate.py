"""What stands between a login and a page: a password of one's own, and a fresh proof for some pages."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from audit.models import Event, EventName
from staff.logins import factors
from staff.models import TemporaryPassword
from tests.staff.access.permissions import AUDITORS, OPERATORS
from tests.staff.logins.login_pages import PASSWORD, log_in, person
from tests.staff.users import SUPERUSER, make_records, make_user

pytestmark = pytest.mark.django_db

NEW = "zR4-onion-lamp"
PROVE = "/admin/account/prove/"
RECORDS = "account_authentication_methods"


def proved(client: Client, ago: float) -> None:
    """As if whoever is logged in had proved it so many seconds ago."""
    session = client.session
    session[RECORDS] = [{**each, "at": time.time() - ago} for each in session[RECORDS]]
    session.save()


def change_password(client: Client) -> Any:
    return client.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
    )


@pytest.mark.parametrize("reset", [False, True], ids=["a new login", "a password that was set again"])
def test_a_password_that_somebody_else_knows_is_for_one_login(admin_client: Client, reset: bool) -> None:
    if reset:
        user = person(OPERATORS)
        page = f"/admin/auth/user/{user.pk}/password/"
        admin_client.post(page, {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD})
    else:
        admin_client.post(
            "/admin/auth/user/add/", {"username": "nurse", "password1": PASSWORD, "password2": PASSWORD}
        )
        user = User.objects.get(username="nurse")
    client, _answer = log_in(user)

    assert client.get("/admin/")["Location"] == "/admin/password_change/"
    assert "somebody else knows this one" in client.get("/admin/password_change/").content.decode()
    assert change_password(client).status_code == 302

    assert client.get("/admin/").status_code == 200
    assert not TemporaryPassword.objects.exists()


def test_ones_own_password_is_ones_own(admin_client: Client, admin_user: User) -> None:
    page = f"/admin/auth/user/{admin_user.pk}/password/"

    admin_client.post(page, {"usable_password": "true", "password1": NEW, "password2": NEW})

    assert not TemporaryPassword.objects.exists()


@pytest.mark.parametrize(
    "page",
    [
        "/admin/alerts/alert/export/",
        "/admin/contacts/clinician/export/",
        "/admin/answers/file/",
        "/admin/changes/file/",
        "/admin/clients/apitoken/add/",
        "/admin/clients/apitoken/rotate/?token={token}",
        "/admin/auth/user/{user}/change/",
        "/admin/auth/user/{user}/password/",
        "/admin/auth/user/add/",
        "/admin/auth/group/{group}/change/",
        "/admin/staff/roleclaim/add/",
    ],
)
def test_a_sensitive_page_asks_again_who_it_is(page: str) -> None:
    records = make_records()
    path = page.format(token=records.token.pk, user=records.user.pk, group=records.group.pk)
    user = person(SUPERUSER)
    client = Client()
    client.force_login(user)
    assert client.get(path).status_code == 200

    proved(client, factors.RECENT.total_seconds() + 1)
    asked = client.get(path)
    back = parse_qs(urlsplit(asked["Location"]).query)["next"][0]
    assert (urlsplit(asked["Location"]).path, back) == (PROVE, path)
    assert client.post(PROVE, {"password": "wrong", "next": back}).status_code == 200
    assert client.get(path).status_code == 302

    assert client.post(PROVE, {"password": PASSWORD, "next": back})["Location"] == path
    assert client.get(path).status_code == 200


def test_a_form_may_take_a_quarter_of_an_hour_and_nothing_is_done_after_that() -> None:
    records = make_records()
    client = Client()
    client.force_login(person(SUPERUSER))
    path = f"/admin/auth/user/{records.user.pk}/change/"
    departments = {f"managed_departments-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    posted = {"username": "promoted", "is_superuser": "on", "is_active": "on", **departments}

    proved(client, 16 * 60)
    assert client.post(path, posted)["Location"].startswith(PROVE)
    assert not User.objects.filter(username="promoted").exists()

    proved(client, 14 * 60)
    client.post(path, posted)
    assert User.objects.get(username="promoted").is_superuser


def test_who_only_looks_is_not_asked_again() -> None:
    records = make_records()
    client = Client()
    client.force_login(make_user(AUDITORS))
    proved(client, 3600)

    assert client.get(f"/admin/auth/user/{records.user.pk}/change/").status_code == 200
    assert client.get("/admin/clients/apitoken/").status_code == 200


def test_a_user_is_logged_out_everywhere_else() -> None:
    user, other = make_user(OPERATORS), make_user(OPERATORS)
    here, there, colleague = Client(), Client(), Client()
    here.force_login(user)
    there.force_login(user)
    colleague.force_login(other)

    assert here.get("/admin/account/log-out-everywhere/").status_code == 405
    page = here.post("/admin/account/log-out-everywhere/", follow=True).content.decode()

    assert "You are logged out everywhere else." in page
    assert [each.get("/admin/").status_code for each in (here, there, colleague)] == [200, 302, 200]
    assert Session.objects.count() == 2
    assert Event.objects.get(name=EventName.LOGOUT).detail == "everywhere else: 1"
