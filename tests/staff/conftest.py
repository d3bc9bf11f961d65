"""Bleep's admin on a real server and the real database, and browsers to look at it with."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from alerts import intake
from alerts.models import Alert
from contacts.choices import Priority
from tests.conftest import an_alert
from tests.staff.alert_pages import Send
from tests.staff.browser import Desk, chromium
from tests.staff.users import Ward, make_ward


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Home keeps its answers for some seconds, which is longer than a test."""
    cache.clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests, which do not share what they do in it."""
    with chromium() as found:
        yield found


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer) -> Iterator[Desk]:
    """Where people sit down at browsers; the test fails if one of these complained about a page.

    A test that provokes a complaint takes it out of `desk.faults`.
    """
    desk = Desk(browser, live_server.url)
    yield desk
    desk.leave()
    assert desk.faults == []


@pytest.fixture
def ward(live_server: LiveServer) -> Ward:
    """One of everything that has a page."""
    return make_ward()


@pytest.fixture
def send(ward: Ward) -> Send:
    """Take an alert of Low priority."""

    def take(message_id: str, priority: Priority = Priority.LOW) -> Alert:
        new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": priority})
        return intake.accept(client=ward.client, new=new).alert

    return take
