"""The staff's site, whose session is with a read-only server, as after a failover."""

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from staff.logins.sessions import LAST_ACTIVE, NOTED_EVERY
from tests.staff.users import SUPERUSER, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _close_the_session(transactional_db: None) -> Iterator[None]:
    """Otherwise a failed test leaves a session that cannot be cleaned up."""
    yield
    connection.close()


def test_the_next_request_gets_another_session() -> None:
    User.objects.create_user("nurse", password="not a secret", is_staff=True)
    client = Client(raise_request_exception=False, headers={"Accept": "text/html"})
    login = {"username": "nurse", "password": "not a secret"}
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    refused = client.post("/admin/login/", login)

    assert refused.status_code == 503
    assert "The database is read-only. Nothing can be saved" in refused.content.decode()
    assert client.post("/admin/login/", login).status_code == 302


def _with_a_session_to_save() -> Client:
    """Of somebody who did something two minutes ago, so that the next request notes the time."""
    client = Client(raise_request_exception=False, headers={"Accept": "text/html"})
    client.force_login(make_user(SUPERUSER))
    session = client.session
    session[LAST_ACTIVE] = time.time() - 2 * NOTED_EVERY
    session.save()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    return client


def test_home_is_shown_though_its_session_cannot_be_saved() -> None:
    client = _with_a_session_to_save()

    page = client.get("/admin/")

    assert page.status_code == 200
    assert client.get("/admin/").status_code == 200
    assert client.session[LAST_ACTIVE] == pytest.approx(time.time(), abs=NOTED_EVERY)


def test_a_change_whose_session_cannot_be_saved_gets_the_answer_of_the_database() -> None:
    client = _with_a_session_to_save()

    refused = client.post("/admin/nowhere/")

    assert refused.status_code == 503
    assert "The database is read-only. Nothing can be saved" in refused.content.decode()
