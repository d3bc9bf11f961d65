"""Who guesses passwords is locked out: at the login page, and where one changes one's own."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from staff.logins import lockout

pytestmark = pytest.mark.django_db

RIGHT, NEW = "right", "kT7-vowel-pond"
PASSWORD_PAGE = "/admin/password_change/"


@pytest.fixture
def nurse() -> User:
    return User.objects.create_superuser("nurse", password=RIGHT)


def log_in(password: str, *, name: str = "nurse", address: str = "192.0.2.1") -> Any:
    """The answer to a login from this address."""
    posted = {"username": name, "password": password}
    return Client().post("/admin/login/", posted, headers={"X-Forwarded-For": address})


def change_password(client: Client, old: str) -> Any:
    return client.post(PASSWORD_PAGE, {"old_password": old, "new_password1": NEW, "new_password2": NEW})


def test_five_wrong_passwords_lock_a_login_out_at_an_address(nurse: User) -> None:
    assert [log_in("wrong").status_code for _ in range(5)] == [200, 200, 200, 200, 429]

    refused = log_in(RIGHT)

    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert "For 15 minutes Bleep takes no password here" in refused.content.decode()
    assert log_in(RIGHT, address="192.0.2.2").status_code == 302


def test_a_lock_out_ends_after_a_quarter_of_an_hour_however_often_one_tries(nurse: User) -> None:
    for _ in range(5):
        log_in("wrong")
    since = AccessAttempt.objects.get().attempt_time
    log_in("wrong")
    assert AccessAttempt.objects.get().attempt_time == since

    AccessAttempt.objects.update(attempt_time=since - settings.AXES_COOLOFF_TIME)

    assert log_in(RIGHT).status_code == 302


@pytest.mark.parametrize(
    ("limit", "guesses"),
    [
        ("MOST_AT_AN_ADDRESS", [{"name": f"nurse{number}"} for number in range(6)]),
        ("MOST_OF_A_LOGIN", [{"address": f"192.0.2.{number}"} for number in range(2, 8)]),
    ],
)
def test_guesses_are_bounded_for_an_address_and_for_a_login(
    nurse: User, monkeypatch: pytest.MonkeyPatch, limit: str, guesses: list[dict[str, str]]
) -> None:
    monkeypatch.setattr(lockout, limit, 6)

    assert [log_in("wrong", **each).status_code for each in guesses] == [200] * 5 + [429]
    assert log_in(RIGHT).status_code == 429


def test_a_login_forgives_only_its_own_wrong_passwords(nurse: User) -> None:
    log_in("wrong", name="somebody")
    log_in("wrong")

    assert log_in(RIGHT).status_code == 302

    assert [each.username for each in AccessAttempt.objects.all()] == ["somebody"]


def test_the_old_password_is_guessed_no_more_often_than_at_a_login(nurse: User) -> None:
    client = Client()
    client.force_login(nurse)
    assert [change_password(client, "wrong").status_code for _ in range(5)] == [200, 200, 200, 200, 429]

    assert change_password(client, RIGHT).status_code == 429

    nurse.refresh_from_db()
    assert nurse.check_password(RIGHT)


def test_who_knows_the_old_password_changes_it(nurse: User) -> None:
    client = Client()
    client.force_login(nurse)

    assert "Your old password was entered incorrectly" in change_password(client, "wrong").content.decode()
    assert change_password(client, RIGHT).status_code == 302

    nurse.refresh_from_db()
    assert nurse.check_password(NEW)
    assert client.get("/admin/").status_code == 200
