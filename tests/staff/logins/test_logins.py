"""Logins: users are kept, and sessions end and are deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Clinician
from tests.staff.users import PEOPLE, SUPERUSER, make_user

pytestmark = pytest.mark.django_db

USERS = "/admin/auth/user/"
OWN = "kT7-vowel-pond"
"""A password that the rules take."""


@pytest.fixture
def somebody() -> User:
    """Somebody of the staff who has done something."""
    user = make_user("Integrators")
    LogEntry.objects.create(user=user, action_flag=1, object_repr="a token")
    return user


def test_a_login_is_not_deleted_not_even_by_a_superuser(admin_client: Client, somebody: User) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [somebody.pk], "post": "yes"}

    assert admin_client.post(f"{USERS}{somebody.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(USERS, chosen)

    assert User.objects.filter(pk=somebody.pk).exists()
    assert LogEntry.objects.filter(user=somebody).exists()


def test_the_page_of_a_login_says_what_to_do_instead(admin_client: Client, somebody: User) -> None:
    page = admin_client.get(f"{USERS}{somebody.pk}/change/").content.decode()

    assert "Users cannot be deleted" in page
    assert "When somebody leaves, untick “Active”" in page


def test_an_inactive_user_is_logged_out_at_once(somebody: User) -> None:
    client = Client()
    client.force_login(somebody)
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=somebody.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302


def test_actions_of_a_deleted_login_are_not_shown_as_bleeps_own(
    admin_client: Client, clinician: Clinician
) -> None:
    user = make_user(SUPERUSER)
    clinician.history.update(history_user=user)
    user.delete()  # by a command, or before the admin refused it

    history = admin_client.get(f"/admin/contacts/clinician/{clinician.pk}/history/").content.decode()

    assert "Bleep itself, or a login that was deleted" in history


def session_of(ends: timedelta) -> Session:
    return Session.objects.create(session_key=str(ends), session_data="", expire_date=timezone.now() + ends)


def log_in(password: str) -> Any:
    """The answer to a login with this password."""
    user = make_user(SUPERUSER)
    user.set_password("right")
    user.save()
    return Client().post("/admin/login/", {"username": user.get_username(), "password": password})


def test_a_session_lasts_for_a_working_day_or_until_the_browser_is_closed(db: None) -> None:
    client = Client()
    client.force_login(make_user(SUPERUSER))

    assert client.session.get_expiry_age() == 12 * 3600
    assert client.session.get_expire_at_browser_close() is True


def test_who_opened_the_login_page_itself_comes_to_home(db: None) -> None:
    assert log_in("right")["Location"] == "/admin/"


def test_sessions_that_have_ended_are_cleared_when_somebody_logs_in(db: None) -> None:
    ended, live = session_of(timedelta(hours=-1)), session_of(timedelta(hours=1))

    assert log_in("right").status_code == 302

    left = set(Session.objects.values_list("session_key", flat=True))
    assert live.session_key in left
    assert ended.session_key not in left


def test_who_is_not_let_in_has_nothing_cleared(db: None) -> None:
    ended = session_of(timedelta(hours=-1))

    assert log_in("wrong").status_code == 200

    assert Session.objects.filter(pk=ended.pk).exists()


def test_a_page_from_before_another_login_says_that_nothing_is_saved(db: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept": "text/html"})
    client.force_login(make_user(SUPERUSER))

    page = client.post("/admin/contacts/clinician/add/", {"name": "Ada"})

    assert page.status_code == 403
    assert "You have logged in again since you opened this page" in page.content.decode()
    assert "style=" not in page.content.decode()


def test_the_login_page_says_what_became_of_unsaved_changes(db: None) -> None:
    sentence = "If you were logged out, changes that you had not saved are lost."

    sent_here = Client().get("/admin/contacts/clinician/add/", follow=True).content.decode()

    assert sentence in sent_here
    assert "Log in to" in sent_here
    assert sentence not in Client().get("/admin/", follow=True).content.decode()


def test_a_wrong_password_is_said_once(db: None) -> None:
    page = log_in("wrong").content.decode()

    assert "Please enter the correct username and password" in page
    assert "Please correct the error" not in page


def test_who_lacks_staff_status_is_told_so_but_only_with_the_right_password(db: None) -> None:
    User.objects.create_user("nurse", password="right")

    def answer(password: str, name: str = "nurse") -> str:
        page: str = Client().post("/admin/login/", {"username": name, "password": password}).content.decode()
        return page

    assert "tick “Staff status” for you" in answer("right")
    assert "Please enter the correct username and password" not in answer("right")
    for page in (answer("wrong"), answer("right", name="nobody")):
        assert "Please enter the correct username and password" in page
        assert "Staff status" not in page.replace("staff account", "")
    User.objects.update(is_active=False)
    assert "Staff status" not in answer("right")


def test_a_new_user_may_open_pages_and_is_asked_for_nothing_that_bleep_lacks(admin_client: Client) -> None:
    page = admin_client.get(f"{USERS}add/").content.decode()
    assert "single sign-on" not in page.lower()
    assert "usable_password" not in page

    admin_client.post(f"{USERS}add/", {"username": "nurse", "password1": OWN, "password2": OWN})

    user = User.objects.get(username="nurse")
    assert user.is_staff
    assert user.check_password(OWN)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kT7-vowel-p", "at least 12 characters"),
        ("qwerty123456", "too common"),
        ("493028475610", "entirely numeric"),
        ("nurse.of.ward", "too similar to the username"),
    ],
)
def test_a_weak_password_is_refused(admin_client: Client, password: str, why: str) -> None:
    new = {"username": "nurse.of.ward7", "password1": password, "password2": password}

    page = admin_client.post(f"{USERS}add/", new).content.decode()

    assert why in page
    assert not User.objects.filter(username="nurse.of.ward7").exists()


def test_passwords_are_kept_by_argon2id_and_older_ones_from_their_next_login_on(db: None) -> None:
    user = make_user(SUPERUSER)
    user.password = make_password("right", hasher="pbkdf2_sha256")
    user.save()

    assert Client().post("/admin/login/", {"username": user.username, "password": "right"}).status_code == 302

    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$")


def test_dates_of_a_login_are_shown_and_cannot_be_changed(admin_client: Client, somebody: User) -> None:
    page = admin_client.get(f"{USERS}{somebody.pk}/change/").content.decode()

    assert "Last login" in page
    assert 'name="last_login' not in page
    assert 'name="date_joined' not in page


def test_the_list_of_users_shows_their_roles_in_few_queries(admin_client: Client) -> None:
    for person in PEOPLE:
        make_user(person)
    make_user("Auditors").groups.add(Group.objects.get(name="Operators"))

    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(USERS).content.decode()

    assert len(queries) < 15
    for text in ("Superuser: everything", "Preference editors", "Auditors, Operators", "None"):
        assert text in page, text


def test_the_last_page_says_that_one_is_logged_out(admin_client: Client) -> None:
    assert "You are logged out" in admin_client.post("/admin/logout/").content.decode()
