"""The list of alerts refreshes itself, but not while somebody uses it."""

import pytest
from playwright.sync_api import Route, expect

from alerts.channels import SendResult
from alerts.deliveries import lifecycle
from contacts.choices import Priority
from tests.processes import wait_until
from tests.staff.accessibility import check_accessibility
from tests.staff.alerts.alert_pages import (
    ALERTS,
    Send,
    claim,
    let_fail,
    open_list,
    refresh_status,
    row,
    tick,
)
from tests.staff.browser import Site
from tests.staff.users import Records


def test_new_alerts_appear_without_a_reload(site: Site, send: Send) -> None:
    page = open_list(site)

    send("new-1")
    tick(page)

    expect(row(page, "new-1")).to_contain_text("Queued")
    expect(page.locator("#result_list tbody a").first).to_have_text("new-1")
    expect(page.locator("#alerts-counted")).to_have_text("1 new alert")
    expect(page.locator("#alerts-pages")).to_contain_text("2 alerts")
    assert page.evaluate("window.sameDocument")


def test_a_changed_row_is_updated_and_keeps_the_focus(site: Site, records: Records, send: Send) -> None:
    alert = send("new-1")
    page = open_list(site)
    page.get_by_role("link", name="new-1").focus()

    lifecycle.mark_sent(claim(alert), SendResult("provider-1"))
    tick(page)

    expect(row(page, "new-1")).to_contain_text("Sent")
    expect(page.get_by_role("link", name="new-1")).to_be_focused()


def test_the_scroll_position_stays_when_rows_arrive(site: Site, send: Send) -> None:
    for number in range(45):
        send(f"old-{number}")
    page = open_list(site)
    looked_at = row(page, "old-20")
    looked_at.evaluate("row => window.scrollBy(0, row.getBoundingClientRect().top - 40)")
    top = "row => row.getBoundingClientRect().top"
    before = looked_at.evaluate(top)

    for number in range(3):
        send(f"new-{number}")
    tick(page)

    expect(row(page, "new-2")).to_be_attached()
    assert looked_at.evaluate(top) == pytest.approx(before, abs=0.5)  # a browser scrolls by whole pixels


def test_the_filter_stays(site: Site, send: Send) -> None:
    page = open_list(site, "?status=attention")

    send("on its way")
    let_fail(send("failed-2"))
    tick(page)

    expect(row(page, "failed-2")).to_be_visible()
    expect(page.locator("#result_list tbody")).to_have_count(2)


def test_nothing_moves_while_something_is_selected_and_a_new_row_can_be_selected_too(
    site: Site, send: Send
) -> None:
    page = open_list(site)
    page.locator("input.action-select").check()
    send("new-1")
    tick(page)
    expect(refresh_status(page)).to_contain_text(": alerts are selected.")
    expect(row(page, "new-1")).to_have_count(0)

    page.locator("input.action-select").uncheck()
    tick(page)
    row(page, "new-1").locator("input.action-select").check()
    expect(page.locator(".action-counter")).to_have_text("1 of 2 selected")
    page.locator("#action-toggle").check()
    expect(page.locator(".action-counter")).to_have_text("2 of 2 selected")


def test_the_first_alert_of_an_empty_list_can_be_selected(site: Site, send: Send) -> None:
    page = open_list(site, "?priority__exact=H")
    expect(page.get_by_text("Nothing matches the search and the filters")).to_be_visible()

    send("new-1", Priority.HIGH)
    tick(page)
    row(page, "new-1").locator("input.action-select").check()

    expect(page.locator("#changelist-actions")).to_be_visible()


def test_nothing_moves_while_somebody_types(site: Site, send: Send) -> None:
    page = open_list(site)
    page.locator("#searchbar").fill("fail")

    send("new-1")
    tick(page)

    expect(refresh_status(page)).to_contain_text(": you are typing.")
    expect(page.locator("#searchbar")).to_be_focused()
    expect(row(page, "new-1")).to_have_count(0)


def test_a_list_that_nobody_sees_asks_for_nothing_and_then_at_once(site: Site, send: Send) -> None:
    page = open_list(site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(show, True)  # noqa: FBT003 - what the script is given
    send("new-1")
    tick(page)
    assert asked == []

    page.evaluate(show, False)  # noqa: FBT003

    expect(row(page, "new-1")).to_be_visible()


def test_it_is_said_when_the_server_is_away_and_when_it_is_back(site: Site, send: Send) -> None:
    page = open_list(site)
    page.route(f"**{ALERTS}", lambda route: route.abort())
    tick(page)
    expect(refresh_status(page)).to_contain_text("Bleep does not answer")
    expect(refresh_status(page)).to_contain_text("this may be out of date")
    check_accessibility(page)

    page.unroute(f"**{ALERTS}")
    send("new-1")
    tick(page)

    expect(row(page, "new-1")).to_be_visible()
    expect(refresh_status(page)).to_contain_text("Refreshed at")
    site.errors = [error for error in site.errors if "/admin/alerts/alert/" not in error]


def test_it_is_said_when_the_session_is_over(site: Site, records: Records) -> None:
    page = open_list(site)

    page.context.clear_cookies()
    tick(page)

    expect(refresh_status(page)).to_contain_text("you may have been logged out")
    expect(row(page, "failed-1")).to_be_visible()


def test_an_answer_that_comes_after_something_was_selected_is_left_alone(site: Site, send: Send) -> None:
    page = open_list(site)
    held: list[Route] = []
    page.route(f"**{ALERTS}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
    send("new-1")
    tick(page)
    wait_until(lambda: bool(page.evaluate("true") and held), what="the list has asked")
    page.locator("input.action-select").check()

    held[0].continue_()

    expect(refresh_status(page)).to_contain_text(": alerts are selected.")
    expect(row(page, "new-1")).to_have_count(0)
