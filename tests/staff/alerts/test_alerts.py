"""The list of alerts and the page of one, as staff use them: real browsers, and real workers where it is sent."""

import re

from playwright.sync_api import expect

from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import lifecycle, outcomes
from alerts.deliveries.retry import Retry
from alerts.models import Alert, AlertAction
from alerts.states import AlertState, Reason
from contacts import preferences
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.aws import Aws
from tests.processes import wait_until
from tests.staff.accessibility import check_accessibility, check_on_each_screen
from tests.staff.alerts.alert_pages import (
    ALERTS,
    Send,
    claim,
    let_fail,
    open_list,
    row,
    tick,
)
from tests.staff.browser import Site
from tests.staff.users import SUPERUSER, Records


def test_a_search_finds_by_patient_reference_which_no_address_has(site: Site, send: Send) -> None:
    page = open_list(site)
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


def test_the_filters_are_used_by_key(site: Site, send: Send) -> None:
    send("waiting-1")
    page = site.login(Role.OPERATORS.value)
    page.goto(ALERTS)

    page.get_by_role("button", name="Filters").press("Enter")
    page.get_by_role("combobox", name="By status").press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    check_accessibility(page)
    page.get_by_role("button", name="Apply Filters").press("Enter")

    expect(row(page, "failed-1")).to_be_visible()
    expect(row(page, "waiting-1")).to_have_count(0)


def test_a_day_is_chosen_in_the_calendar(site: Site, send: Send) -> None:
    page = site.login(Role.OPERATORS.value)
    page.goto(ALERTS)

    for quick_link, found in (("Today", 1), ("Yesterday", 0)):
        page.get_by_role("button", name="Filters").click()
        for number in (0, 1):  # from and to
            page.locator(f"#calendarlink{number}").click()
            page.locator(f"#calendarbox{number}").get_by_role("link", name=quick_link).click()
        page.get_by_role("button", name="Apply Filters").click()

        expect(page).to_have_url(re.compile(r"created_at_from_0=\d\d%2F\d\d%2F\d{4}"))
        expect(row(page, "failed-1")).to_have_count(found)
        chip = page.get_by_role("list", name="Filters in use").get_by_role("link")
        expect(chip).to_contain_text("Time received: from")
        check_accessibility(page)
        chip.press("Enter")
        expect(chip).to_have_count(0)
        expect(row(page, "failed-1")).to_be_visible()


def test_an_alert_that_is_sent_again_reaches_the_handset_and_the_timeline_says_so(
    workers: None, aws: Aws, site: Site, records: Records
) -> None:
    preferences.replace(records.clinician, {Priority.LOW: [Channel.SMS]})
    page = site.login(Role.OPERATORS.value)
    page.goto(f"{ALERTS}{records.alert.pk}/change/")
    expect(page.get_by_text("Nobody is known to have been reached.")).to_be_visible()

    page.get_by_role("link", name="Send again…").press("Enter")
    expect(page.get_by_text("1 message would be sent, to 1 person.")).to_be_visible()
    page.get_by_label("Note").fill("By SMS now")
    page.get_by_role("button", name="Send again").press("Enter")

    expect(page.get_by_text("This alert will be sent again.")).to_be_visible()
    wait_until(lambda: len(aws.messages()) == 1, what="the handset has it")
    events = page.locator(".alert-event")
    expect(events).to_have_count(4)
    expect(page.locator(".alert-state")).to_have_text("Sent", timeout=15_000)  # by itself
    expect(events.nth(2)).to_contain_text("Sent again by")
    expect(events.nth(2)).to_contain_text("“By SMS now”")
    expect(events.nth(3)).to_contain_text("SMS to +447700900002")
    expect(events.nth(3)).to_contain_text("The provider has taken the message")
    expect(events.nth(3)).to_contain_text("Try 1: Sent")
    check_accessibility(page)


def test_many_are_dealt_with_from_the_list(site: Site, send: Send) -> None:
    let_fail(send("failed-2"))
    page = site.login(Role.OPERATORS.value)
    page.goto(f"{ALERTS}?status=attention")

    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "close_selected")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Mark 2 alerts as dealt with?")).to_be_visible()
    check_accessibility(page)
    page.get_by_label("Not needed any more").check()
    page.get_by_role("button", name="Mark as dealt with").click()

    expect(page.get_by_text("2 alerts are marked as dealt with.")).to_be_visible()
    assert page.url.endswith("?status=attention")
    assert set(Alert.objects.values_list("state", flat=True)) == {AlertState.CLOSED}
    assert AlertAction.objects.count() == 2


def test_a_message_being_sent_during_a_cancel_is_not_shown_as_stopped(site: Site, send: Send) -> None:
    alert = send("sending-1")
    claimed = claim(alert)
    page = site.login(Role.OPERATORS.value, stopped=True)
    page.goto(f"{ALERTS}{alert.pk}/change/")

    page.get_by_role("link", name="Cancel…").press("Enter")
    expect(page.get_by_text("Those that are being sent at this moment may still arrive.")).to_be_visible()
    page.get_by_role("button", name="Cancel the alert").press("Enter")

    expect(page.get_by_text("This alert is cancelled.")).to_be_visible()
    expect(page.get_by_text("Messages that were being sent at that moment may still arrive.")).to_be_visible()
    check_accessibility(page)
    lifecycle.mark_sent(claimed, SendResult("provider-1"))
    tick(page)
    expect(page.locator(".alert-state")).to_have_text("Sent")  # by itself
    expect(page.get_by_text("It was cancelled too late: a provider has it")).to_be_visible()


def test_the_pages_fit_and_can_be_read(site: Site, records: Records, send: Send) -> None:
    high = send("a-long-message-id" * 7, Priority.HIGH)
    lost = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
    lifecycle.mark_failed(claim(high), lost, Retry(outcomes.OUTCOME_EVERY, possible_duplicate=True))
    page = site.login(SUPERUSER)
    for path in ("", f"{high.pk}/change/", f"{records.alert.pk}/change/", f"{records.alert.pk}/resend/"):
        page.goto(f"{ALERTS}{path}")
        expect(page.locator("body")).to_be_visible()
        check_on_each_screen(page)
    page.goto(ALERTS)
    table = page.locator("#result_list")
    assert table.evaluate(
        "it => it.scrollWidth <= it.closest('.overflow-x-auto, [data-simplebar]').clientWidth"
    )
