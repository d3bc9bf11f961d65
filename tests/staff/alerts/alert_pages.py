"""The list of alerts in a browser with a stopped clock, and alerts to show."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery
from alerts.states import Reason
from staff.roles import Role
from tests.staff.browser import Site

ALERTS = "/admin/alerts/alert/"
TICK = 10_000
"""Milliseconds after which the list asks again."""
NO_NEWS = "Failed to load resource: net::ERR_FAILED"

Send = Callable[..., Alert]


def claim(alert: Alert) -> claims.Claim:
    claimed = claims.claim(Delivery.objects.get(alert=alert).pk)
    assert claimed is not None
    return claimed


def let_fail(alert: Alert) -> None:
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.mark_failed(claim(alert), error, NextChannel(Reason.INVALID_ADDRESS))


def open_list(site: Site, query: str = "", person: str = Role.OPERATORS.value) -> Page:
    """The list, with a stopped clock."""
    page = site.login(person, stopped=True)
    page.goto(f"{ALERTS}{query}")
    expect(refresh_status(page)).to_contain_text("Refreshed at")
    page.evaluate("window.sameDocument = true")
    return page


def refresh_status(page: Page) -> Locator:
    return page.locator("#refreshed")


def row(page: Page, message_id: str) -> Locator:
    return page.locator("#result_list tbody", has=page.get_by_role("link", name=message_id, exact=True))


def tick(page: Page) -> None:
    page.clock.run_for(TICK)
