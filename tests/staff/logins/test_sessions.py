"""Sessions: how long they last, what their cookies look like, and what a browser forgets at their end."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from staff.logins.sessions import LAST_ACTIVE
from tests.config import server
from tests.staff.users import SUPERUSER, make_user
from theme import refresh

pytestmark = pytest.mark.django_db

LIST = "/admin/alerts/alert/"
COOKIES = """
import django
django.setup()
from django.conf import settings
from django.test import Client
client = Client(headers={"Host": "bleep.example"})
client.get("/admin/login/", secure=True)
client.cookies[settings.SESSION_COOKIE_NAME] = "a"
client.cookies[settings.SESSION_COOKIE_NAME].update({
    "path": settings.SESSION_COOKIE_PATH, "domain": settings.SESSION_COOKIE_DOMAIN or "",
    "secure": settings.SESSION_COOKIE_SECURE, "httponly": settings.SESSION_COOKIE_HTTPONLY,
    "samesite": settings.SESSION_COOKIE_SAMESITE,
})
print(client.cookies.output(header=""))
"""


@pytest.fixture
def client() -> Client:
    """The browser of somebody who may see everything."""
    client = Client()
    client.force_login(make_user(SUPERUSER))
    return client


def idle_for(client: Client, spent: timedelta) -> None:
    """As if its owner had done nothing for so long."""
    session = client.session
    session[LAST_ACTIVE] = time.time() - spent.total_seconds()
    session.save()


def test_who_does_nothing_for_a_quarter_of_an_hour_is_logged_out(client: Client) -> None:
    idle_for(client, timedelta(minutes=14))
    assert client.get(LIST).status_code == 200

    idle_for(client, timedelta(minutes=15, seconds=1))
    answer = client.get(LIST)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")
    assert not client.session.keys()


def test_only_what_somebody_does_makes_a_session_last(client: Client) -> None:
    ago = timedelta(minutes=10)
    idle_for(client, ago)

    client.get(LIST, headers={refresh.HEADER: "1"})
    assert time.time() - client.session[LAST_ACTIVE] >= ago.total_seconds()
    client.get(LIST)
    assert time.time() - client.session[LAST_ACTIVE] < 60


def test_the_shortest_time_out_does_not_end_what_is_used(client: Client, settings: Settings) -> None:
    settings.SESSION_IDLE = timedelta(minutes=1)
    idle_for(client, timedelta(seconds=40))

    client.get(LIST)

    assert time.time() - client.session[LAST_ACTIVE] < 30


def test_a_session_that_does_not_say_when_it_was_used_has_ended(client: Client) -> None:
    session = client.session
    del session[LAST_ACTIVE]
    session.save()

    assert client.get(LIST).status_code == 302


def test_cookies_are_sent_by_no_other_host_and_to_no_other_site() -> None:
    done = server.run("-c", COOKIES, LOCAL_MODE="true")  # whose static files need no collecting

    assert done.returncode == 0, done.stderr
    found = {line.split("=")[0].strip(): line.lower() for line in done.stdout.splitlines()}
    assert set(found) == {"__Host-sessionid", "__Host-csrftoken"}
    for line in found.values():
        assert all(part in line for part in ("; secure", "; path=/", "; samesite=strict", "; httponly"))
        assert "domain=" not in line


def test_a_browser_forgets_what_it_kept_at_logout_but_no_other_systems_cookies(client: Client) -> None:
    assert client.post("/admin/logout/")["Clear-Site-Data"] == '"cache", "storage"'
