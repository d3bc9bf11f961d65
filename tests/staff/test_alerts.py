"""The list of alerts and the page of one, as staff use them: real browsers, and real workers where it is sent."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from alerts import actions, intake, lifecycle
from alerts.channels import ChannelError, Fault, Receipt
from alerts.models import Alert, AlertAction, Delivery
from alerts.policy import NextChannel, Retry
from alerts.states import AlertState, Reason
from contacts import preferences
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.conftest import Aws, an_alert
from tests.processes import wait_until
from tests.staff.browser import Desk, check_accessibility
from tests.staff.cast import SUPERUSER, Ward

ALERTS = "/admin/alerts/alert/"
TICK = 10_000
"""Milliseconds after which the list asks again."""
LOOKS = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
SIZES = pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
NO_NEWS = "Failed to load resource: net::ERR_FAILED"

Send = Callable[..., Alert]


@pytest.fixture
def send(ward: Ward) -> Send:
    """Take an alert of Low priority."""

    def take(message_id: str, priority: Priority = Priority.LOW) -> Alert:
        new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": priority})
        return intake.accept(client=ward.client, new=new).alert

    return take


def claim(alert: Alert) -> lifecycle.Claim:
    claimed = lifecycle.claim(Delivery.objects.get(alert=alert).pk)
    assert claimed is not None
    return claimed


def let_fail(alert: Alert) -> None:
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.fail(claim(alert), error, NextChannel(Reason.INVALID_ADDRESS))


def open_list(desk: Desk, query: str = "", person: str = Role.OPERATORS.value) -> Page:
    """The list, whose clock stands until it is moved."""
    page = desk.sit(person)
    page.clock.install()
    page.goto(f"{ALERTS}{query}")
    expect(said(page)).to_contain_text("Updated")
    page.evaluate("window.sameDocument = true")
    return page


def said(page: Page) -> Locator:
    return page.locator("#alerts-refreshed")


def row(page: Page, message_id: str) -> Locator:
    return page.locator("#result_list tbody", has=page.get_by_role("link", name=message_id, exact=True))


def tick(page: Page) -> None:
    page.clock.run_for(TICK)


def test_what_is_new_comes_in_by_itself_and_the_page_is_the_same(desk: Desk, send: Send) -> None:
    page = open_list(desk)

    send("new-1")
    tick(page)

    expect(row(page, "new-1")).to_contain_text("On its way")
    expect(page.locator("#result_list tbody a").first).to_have_text("new-1")
    expect(page.locator("#alerts-counted")).to_have_text("1 new alert")
    expect(page.locator("#alerts-pages")).to_contain_text("2 alerts")
    assert page.evaluate("window.sameDocument")


def test_what_has_changed_is_shown_and_the_focus_stays(desk: Desk, ward: Ward, send: Send) -> None:
    alert = send("new-1")
    page = open_list(desk)
    page.get_by_role("link", name="new-1").focus()

    lifecycle.accept(claim(alert), Receipt("provider-1"))
    tick(page)

    expect(row(page, "new-1")).to_contain_text("Sent")
    expect(page.get_by_role("link", name="new-1")).to_be_focused()


def test_what_is_looked_at_stays_where_it_is(desk: Desk, send: Send) -> None:
    for number in range(45):
        send(f"old-{number}")
    page = open_list(desk)
    looked_at = row(page, "old-20")
    looked_at.evaluate("row => window.scrollBy(0, row.getBoundingClientRect().top - 40)")
    before = looked_at.bounding_box()

    for number in range(3):
        send(f"new-{number}")
    tick(page)

    expect(row(page, "new-2")).to_be_attached()
    assert looked_at.bounding_box() == before


def test_the_filter_stays(desk: Desk, send: Send) -> None:
    page = open_list(desk, "?status=attention")

    send("on its way")
    let_fail(send("failed-2"))
    tick(page)

    expect(row(page, "failed-2")).to_be_visible()
    expect(page.locator("#result_list tbody")).to_have_count(2)


def test_nothing_moves_while_something_is_selected_and_a_new_row_can_be_selected_too(
    desk: Desk, send: Send
) -> None:
    page = open_list(desk)
    page.locator("input.action-select").check()
    send("new-1")
    tick(page)
    expect(said(page)).to_have_text("Not updated while alerts are selected.")
    expect(row(page, "new-1")).to_have_count(0)

    page.locator("input.action-select").uncheck()
    tick(page)
    row(page, "new-1").locator("input.action-select").check()
    expect(page.locator(".action-counter")).to_have_text("1 of 2 selected")
    page.locator("#action-toggle").check()
    expect(page.locator(".action-counter")).to_have_text("2 of 2 selected")


def test_the_first_alert_of_an_empty_list_can_be_selected(desk: Desk, send: Send) -> None:
    page = open_list(desk, "?priority__exact=H")
    expect(page.get_by_text("No results found")).to_be_visible()

    send("new-1", Priority.HIGH)
    tick(page)
    row(page, "new-1").locator("input.action-select").check()

    expect(page.locator("#changelist-actions")).to_be_visible()


def test_nothing_moves_while_somebody_types(desk: Desk, send: Send) -> None:
    page = open_list(desk)
    page.locator("#searchbar").fill("fail")

    send("new-1")
    tick(page)

    expect(said(page)).to_have_text("Not updated while you type.")
    expect(page.locator("#searchbar")).to_be_focused()
    expect(row(page, "new-1")).to_have_count(0)


def test_a_list_that_nobody_sees_asks_for_nothing_and_then_at_once(desk: Desk, send: Send) -> None:
    page = open_list(desk)
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


def test_it_is_said_when_the_server_is_away_and_when_it_is_back(desk: Desk, send: Send) -> None:
    page = open_list(desk)
    page.route(f"**{ALERTS}", lambda route: route.abort())
    tick(page)
    expect(said(page)).to_contain_text("Bleep has not answered since")
    expect(said(page)).to_contain_text("this list may be out of date")
    check_accessibility(page)

    page.unroute(f"**{ALERTS}")
    send("new-1")
    tick(page)

    expect(row(page, "new-1")).to_be_visible()
    expect(said(page)).to_contain_text("Updated")
    desk.faults = [fault for fault in desk.faults if "/admin/alerts/alert/" not in fault]


def test_it_is_said_when_the_session_is_over(desk: Desk, ward: Ward) -> None:
    page = open_list(desk)

    page.context.clear_cookies()
    tick(page)

    expect(said(page)).to_contain_text("you may have been logged out")
    expect(row(page, "failed-1")).to_be_visible()


def test_an_answer_that_comes_after_something_was_selected_is_left_alone(desk: Desk, send: Send) -> None:
    page = open_list(desk)
    held: list[Route] = []
    page.route(f"**{ALERTS}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
    send("new-1")
    tick(page)
    wait_until(lambda: bool(page.evaluate("true") and held), what="the list has asked")
    page.locator("input.action-select").check()

    held[0].continue_()

    expect(said(page)).to_have_text("Not updated while alerts are selected.")
    expect(row(page, "new-1")).to_have_count(0)


def test_a_search_finds_by_patient_reference_which_no_address_has(desk: Desk, send: Send) -> None:
    page = open_list(desk)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.locator("#searchbar").fill("123456789")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"\?q=[\w-]+$"))
    expect(row(page, "failed-1")).to_be_visible()
    expect(page.locator("#searchbar")).to_have_value("123456789")
    assert [url for url in asked if "123456789" in url] == []
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#searchbar")).to_have_value("")


def test_the_filters_are_used_by_key(desk: Desk, send: Send) -> None:
    send("waiting-1")
    page = desk.sit(Role.OPERATORS.value)
    page.goto(ALERTS)

    page.get_by_role("button", name="Filters").press("Enter")
    page.get_by_role("combobox", name="By status").press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    check_accessibility(page)
    page.get_by_role("button", name="Apply Filters").press("Enter")

    expect(row(page, "failed-1")).to_be_visible()
    expect(row(page, "waiting-1")).to_have_count(0)


def test_an_alert_that_is_sent_again_reaches_the_handset_and_the_story_says_so(
    workers: None, aws: Aws, desk: Desk, ward: Ward
) -> None:
    preferences.replace(ward.clinician, {Priority.LOW: [Channel.SMS]})
    page = desk.sit(Role.OPERATORS.value)
    page.goto(f"{ALERTS}{ward.alert.pk}/change/")
    expect(page.get_by_text("Nobody is known to have been reached.")).to_be_visible()

    page.get_by_role("link", name="Send again…").press("Enter")
    expect(page.get_by_text("1 message would be sent, to 1 person.")).to_be_visible()
    page.get_by_label("Note").fill("By SMS now")
    page.get_by_role("button", name="Send again").press("Enter")

    expect(page.get_by_text("This alert will be sent again.")).to_be_visible()
    wait_until(lambda: len(aws.messages()) == 1, what="the handset has it")
    story = page.locator(".alert-event")
    expect(story).to_have_count(4)
    expect(page.locator(".alert-state")).to_have_text("Sent", timeout=15_000)  # by itself
    expect(story.nth(2)).to_contain_text("Sent again by")
    expect(story.nth(2)).to_contain_text("“By SMS now”")
    expect(story.nth(3)).to_contain_text("SMS to +447700900002")
    expect(story.nth(3)).to_contain_text("Taken by the provider")
    expect(story.nth(3)).to_contain_text("Try 1: Accepted")
    check_accessibility(page)


def test_many_are_dealt_with_from_the_list(desk: Desk, send: Send) -> None:
    let_fail(send("failed-2"))
    page = desk.sit(Role.OPERATORS.value)
    page.goto(f"{ALERTS}?status=attention")

    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "close_selected")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Mark 2 alerts as dealt with?")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Mark as dealt with").click()

    expect(page.get_by_text("2 alerts are marked as dealt with.")).to_be_visible()
    assert page.url.endswith("?status=attention")
    assert set(Alert.objects.values_list("state", flat=True)) == {AlertState.CLOSED}
    assert AlertAction.objects.count() == 2


def test_what_is_being_sent_while_it_is_cancelled_is_not_said_to_be_stopped(desk: Desk, send: Send) -> None:
    alert = send("sending-1")
    claimed = claim(alert)
    page = desk.sit(Role.OPERATORS.value)
    page.goto(f"{ALERTS}{alert.pk}/change/")

    page.get_by_role("link", name="Cancel…").press("Enter")
    expect(page.get_by_text("What is being sent at this moment may still arrive.")).to_be_visible()
    page.get_by_role("button", name="Cancel the alert").press("Enter")

    expect(page.get_by_text("This alert is cancelled.")).to_be_visible()
    expect(page.get_by_text("What was being sent at that moment may still arrive.")).to_be_visible()
    check_accessibility(page)
    lifecycle.accept(claimed, Receipt("provider-1"))
    expect(page.locator(".alert-state")).to_have_text("Sent", timeout=15_000)  # by itself
    expect(page.get_by_text("It was cancelled, but the provider had taken it before")).to_be_visible()


def test_an_old_page_does_not_stop_what_a_colleague_sent_again(desk: Desk, ward: Ward) -> None:
    page = desk.sit(Role.OPERATORS.value)
    page.goto(f"{ALERTS}{ward.alert.pk}/close/")
    actions.resend(ward.alert.pk, by=ward.user, after_round=1)

    page.get_by_role("button", name="Mark as dealt with").press("Enter")

    expect(page.get_by_text("It has been sent again in the meantime")).to_be_visible()
    expect(page.locator(".alert-state")).to_have_text("On its way")
    assert not AlertAction.objects.exclude(round=2).exists()


def test_the_way_back_changes_nothing(desk: Desk, ward: Ward) -> None:
    page = desk.sit(Role.OPERATORS.value)
    page.goto(f"{ALERTS}{ward.alert.pk}/close/")

    page.get_by_role("link", name="Go back").click()

    expect(page).to_have_url(f"{desk.url}{ALERTS}{ward.alert.pk}/change/")
    assert not AlertAction.objects.exists()


def test_those_who_may_only_look_are_offered_nothing(desk: Desk, ward: Ward) -> None:
    page = desk.sit(Role.AUDITORS.value)
    page.goto(ALERTS)
    expect(row(page, "failed-1")).to_be_visible()
    expect(page.locator("input.action-select")).to_have_count(0)

    page.get_by_role("link", name="failed-1").click()

    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    expect(page.get_by_role("link", name="Send again…")).to_have_count(0)


@LOOKS
@SIZES
def test_the_pages_fit_and_can_be_read(desk: Desk, ward: Ward, send: Send, dark: bool, phone: bool) -> None:
    high = send("A long message ID 0123456789", Priority.HIGH)
    lost = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
    lifecycle.fail(claim(high), lost, Retry(lifecycle.RECEIPT_EVERY, possible_duplicate=True))
    page = desk.sit(SUPERUSER, dark=dark, phone=phone)
    for path in ("", f"{high.pk}/change/", f"{ward.alert.pk}/change/", f"{ward.alert.pk}/resend/"):
        page.goto(f"{ALERTS}{path}")
        expect(page.locator("body")).to_be_visible()
        check_accessibility(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    page.goto(ALERTS)
    table = page.locator("#result_list")
    assert table.evaluate(
        "it => it.scrollWidth <= it.closest('.overflow-x-auto, [data-simplebar]').clientWidth"
    )
