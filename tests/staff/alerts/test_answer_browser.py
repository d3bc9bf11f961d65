"""The page to answer on, as people see it."""

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from alerts.models import Alert, Delivery
from alerts.responses import codes, links
from alerts.states import AlertState
from contacts.choices import Priority
from tests.oncall.factories import make_plan
from tests.staff.accessibility import check_accessibility, check_on_each_screen
from tests.staff.alerts.alert_pages import Send
from tests.staff.browser import PHONE, Site


def open_link(page: Page, alert: Alert, url: str = "") -> str:
    """Open a link of the alert's message. Returns the digits in it."""
    mine = Delivery.objects.get(alert=alert)
    assert mine.engagement_id
    page.goto(f"{url}/a/{links.make(mine.pk)}")
    return codes.make(mine.engagement_id, mine.address)


def accept(page: Page, code: str) -> None:
    page.get_by_label("The four digits in your message").fill(code)
    page.get_by_role("button", name="I accept").click()


def test_an_alert_is_accepted_on_a_telephone(site: Site, send: Send) -> None:
    make_plan(None)
    alert = send("asked", Priority.HIGH)
    page = site.page(phone=True)
    code = open_link(page, alert)
    check_on_each_screen(page)
    expect(page.locator(".text")).to_have_css("font-size", "24px")

    accept(page, "0000" if code != "0000" else "1111")
    expect(page.get_by_role("alert")).to_contain_text("not the digits in your message")
    check_accessibility(page)
    site.errors.clear()  # the 403
    accept(page, code)

    expect(page.get_by_role("heading")).to_have_text("Recorded: you have taken this alert on.")
    check_accessibility(page)
    alert.refresh_from_db()
    assert alert.state == AlertState.ACKNOWLEDGED


def test_a_telephone_without_scripts_will_do(browser: Browser, live_server: LiveServer, send: Send) -> None:
    make_plan(None)
    alert = send("asked", Priority.HIGH)
    page = browser.new_page(viewport=PHONE, java_script_enabled=False)
    accept(page, open_link(page, alert, live_server.url))
    expect(page.get_by_role("heading")).to_have_text("Recorded: you have taken this alert on.")
    page.close()


def test_keys_alone_will_do(site: Site, send: Send) -> None:
    make_plan(None)
    alert = send("asked", Priority.HIGH)
    page = site.page()
    code = open_link(page, alert)
    page.keyboard.press("Tab")
    page.keyboard.type(code)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Recorded: you cannot take this alert on.")
