"""Bleep's admin on a real server and the real database, and browsers to look at it with."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from alerts import intake
from alerts.cooldown import Cooldown
from alerts.models import Alert
from contacts.choices import Channel, Priority
from staff.clinician import reachability
from tests.factories import an_alert
from tests.staff.alerts.alert_pages import Send
from tests.staff.browser import BrowserContexts, Site, chromium
from tests.staff.users import Records, make_records


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Home caches its results, and AWS is left alone after no answer, for longer than a test takes."""
    caches["process"].clear()
    quiet = {channel: Cooldown(reachability.QUIET_SECONDS) for channel in Channel}
    monkeypatch.setattr(reachability, "quiet", quiet)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each test has its own browser contexts."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def contexts(browser: Browser, live_server: LiveServer) -> BrowserContexts:
    """The browser contexts that the tests share."""
    return BrowserContexts(browser, live_server.url)


@pytest.fixture
def site(contexts: BrowserContexts, live_server: LiveServer) -> Iterator[Site]:
    """Bleep in browsers; the test fails if a console reports an error. One that a test provokes, it removes."""
    site = Site(contexts)
    yield site
    site.close()
    assert site.errors == []


@pytest.fixture
def records(live_server: LiveServer) -> Records:
    """One record of each model with a page."""
    return make_records()


@pytest.fixture
def send(records: Records) -> Send:
    """Take an alert of Low priority."""

    def take(message_id: str, priority: Priority = Priority.LOW) -> Alert:
        new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": priority})
        return intake.accept(client=records.client, new=new).alert

    return take
