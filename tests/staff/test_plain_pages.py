"""The pages without the theme, which come when nothing else can."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client

from tests.staff.users import SUPERUSER, make_user

pytestmark = pytest.mark.django_db


def test_without_a_database_the_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError

    client = Client(raise_request_exception=False)
    client.force_login(make_user(SUPERUSER))
    monkeypatch.setattr(SessionStore, "load", away)

    page = client.get("/admin/")

    assert page.status_code == 503
    assert "contact clinicians as you did before Bleep" in page.content.decode()


def test_another_fault_is_one_of_bleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    client = Client(raise_request_exception=False)
    client.force_login(make_user(SUPERUSER))
    monkeypatch.setattr(SessionStore, "load", broken)

    assert client.get("/admin/").status_code == 500


def test_a_page_that_is_not_there_says_so() -> None:
    page = Client().get("/accounts/profile/")

    assert page.status_code == 404
    assert "There is no such page" in page.content.decode()
