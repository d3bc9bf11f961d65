"""Passwords can be switched off, but for logins for emergencies, whose use everybody hears of."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from structlog.testing import capture_logs

from alerts.monitoring import report
from tests.staff.logins.login_pages import PASSWORD, log_in, person
from tests.staff.users import NO_ROLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(settings: Settings) -> User:
    """A login for emergencies, where everybody else has single sign-on."""
    user = person(NO_ROLE)
    settings.LOCAL_LOGINS = False
    settings.BREAK_GLASS_LOGINS = [user.username]
    return user


def found() -> list[str]:
    return [each.name for each in report.findings() if each.name == "break_glass_logins" and not each.ok]


def lines(logged: list[Any]) -> list[dict[str, Any]]:
    return [each for each in logged if each["event"] == "security.break_glass"]


def test_no_other_password_is_taken(keeper: User) -> None:
    _client, answer = log_in(person(NO_ROLE))

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Please enter the correct username and password" in page
    assert "Passwords are switched off here, except for logins for emergencies." in page


def test_their_use_is_shouted_for_a_day(
    keeper: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert found() == []
    with capture_logs() as logged, django_capture_on_commit_callbacks(execute=True):
        _client, answer = log_in(keeper)

    assert answer.status_code == 302
    (line,) = lines(logged)
    assert (line["log_level"], line["user_id"], line["address"]) == ("error", keeper.pk, "127.0.0.1")
    assert PASSWORD not in str(line)
    assert found() == ["break_glass_logins"]
    somebody = Client()
    somebody.force_login(person(NO_ROLE))
    sentence = f"The login for emergencies “{keeper.username}” was used"
    assert sentence in somebody.get("/admin/").content.decode()

    User.objects.filter(pk=keeper.pk).update(last_login=timezone.now() - timedelta(hours=25))
    caches["process"].clear()
    assert found() == []
    assert sentence not in somebody.get("/admin/").content.decode()


def test_nobody_elses_is(
    keeper: User, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.LOCAL_LOGINS = True

    with capture_logs() as logged, django_capture_on_commit_callbacks(execute=True):
        _client, answer = log_in(person(NO_ROLE))

    assert answer.status_code == 302
    assert lines(logged) == []
