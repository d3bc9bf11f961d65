"""A night in short: a failure appears on an open Home by itself, and one person after another looks after it."""

import re

from django.core.cache import caches
from playwright.sync_api import Page, expect

from alerts.models import Alert, Delivery
from alerts.states import AlertState, Reason
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.alerts.factories import end
from tests.factories import make_clinician
from tests.staff.accessibility import check_accessibility, check_on_each_screen
from tests.staff.alerts.alert_pages import Send
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.users import Records

COUNT_SOUNDS = """
window.sounds = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.sounds += 1; return start.apply(this, when); };
"""
TICK = 10_000


def open_home(site: Site) -> Page:
    """Home of an operator, with a stopped clock."""
    page = site.login(Role.OPERATORS.value, stopped=True)
    page.add_init_script(COUNT_SOUNDS)
    page.goto("/admin/")
    expect(page.locator("#refreshed")).to_contain_text("Refreshed at")
    page.evaluate("window.sameDocument = true")
    return page


def tick(page: Page) -> None:
    """Ten seconds later, on a server that remembers nothing."""
    caches["process"].clear()
    page.clock.run_for(TICK)


def let_fail(alert: Alert) -> None:
    """Nobody answers, and nothing is left."""
    for channel in (Channel.CALL, Channel.SMS):
        end(Delivery.objects.get(alert=alert, channel=channel), Reason.NOT_ANSWERED)


def test_a_night_in_short(site: Site, records: Records, send: Send) -> None:
    make_clinician("D-2", {Priority.HIGH: [Channel.SMS]}, name="Dot Dale", sms_number="+447700900456")
    page = open_home(site)
    counted = int(page.title().strip("(").partition(")")[0])
    page.get_by_role("button", name="Sound for a new High failure: off").click()
    expect(page.get_by_role("button", name="Sound for a new High failure: on")).to_be_visible()
    heard = page.evaluate("sounds")
    page.get_by_role("link", name="Last 7 days").focus()

    let_fail(send("urgent-1", Priority.HIGH))
    tick(page)

    line = page.locator(".alert-row").first
    expect(line).to_contain_text("High")
    expect(line).to_contain_text("nobody answered")
    expect(page).to_have_title(re.compile(rf"^\({counted + 1}\) Home"))
    page.wait_for_function(f"sounds > {heard}")
    expect(page.get_by_role("link", name="Last 7 days")).to_be_focused()
    assert page.evaluate("window.sameDocument")
    check_on_each_screen(page)

    line.get_by_role("button", name="I am on it").click()
    expect(line).to_contain_text("took it on just now")
    line.get_by_role("link").click()
    numbers = page.locator(".alert-reach")
    expect(numbers.locator("a[href^='tel:']").first).to_be_visible()
    check_accessibility(page)

    page.get_by_role("link", name="Send to somebody else…").click()
    wait_until_settled(page)
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("dot")
    page.clock.run_for(1000)  # it waits until nobody types
    page.get_by_role("option", name="Dot Dale").click()
    page.get_by_role("button", name="See how they would be reached").click()
    expect(page.get_by_text("SMS to +44 7700 900456")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Send it to Dot Dale").click()
    expect(page.get_by_role("heading", name="Sent on by")).to_be_visible()

    page.locator(".alert-timeline").get_by_role("link", name="urgent-1").click()
    page.get_by_role("link", name="Mark as dealt with…").click()
    check_accessibility(page)
    page.get_by_label("Somebody else took it").check()
    page.get_by_label("Who was told, or took it").fill("Dot Dale")
    page.get_by_role("button", name="Mark as dealt with").click()
    expect(page.get_by_text("Somebody else took it: Dot Dale.")).to_be_visible()
    assert Alert.objects.get(message_id="urgent-1").state == AlertState.CLOSED
    page.locator(".alert-undo").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="“Dealt with” undone by")).to_be_visible()
    assert Alert.objects.get(message_id="urgent-1").state == AlertState.OPEN


def test_the_sound_stays_on_and_says_when_the_browser_does_not_allow_it(site: Site, records: Records) -> None:
    page = open_home(site)
    page.get_by_role("button", name="Sound for a new High failure: off").click()

    visit(page, "/admin/")

    expect(page.get_by_role("button", name="Sound for a new High failure: on")).to_be_visible()
    expect(page.locator("#home-sound-note")).to_have_text(
        "Your browser allows the sound once you click on this page."
    )


def test_home_says_since_when_it_has_not_been_refreshed(site: Site, records: Records) -> None:
    page = open_home(site)
    shown = page.locator("#refreshed").text_content()
    assert shown
    since = shown.removeprefix("Refreshed at ").rstrip(".")
    page.route("**/admin/", lambda route: route.abort())

    tick(page)
    tick(page)

    expect(page.locator("#refreshed")).to_contain_text(f"Not refreshed since {since}: Bleep does not answer")
    page.unroute("**/admin/")
    tick(page)
    expect(page.locator("#refreshed")).to_contain_text("Refreshed at")
    page.context.clear_cookies()
    tick(page)
    expect(page.locator("#refreshed")).to_contain_text("you may have been logged out")
    site.errors = [error for error in site.errors if "/admin/" not in error]
