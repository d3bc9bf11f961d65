"""An alert that wants an answer, in a browser: it appears on Home by itself, and staff enter what somebody said."""

import re

import pytest
from django.core.cache import caches
from playwright.sync_api import Page, expect

from alerts import intake
from alerts.models import Alert, Delivery
from contacts.choices import Priority
from staff.roles import Role
from tests.alerts.escalation.factories import answer, let_time_run_out, take
from tests.factories import an_alert
from tests.oncall.factories import make_colleague, make_plan
from tests.staff.accessibility import check_on_each_screen
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.users import Records

HOME_TICK, PAGE_TICK = 10_000, 5_000


@pytest.fixture
def plan(records: Records) -> None:
    """High for C-1 asks Dot Dale next."""
    dot = make_colleague("D-2", name="Dot Dale", sms_number="+447700900456", call_number="+447700900457")
    make_plan(None, dot, name="Nights")


def send_high(records: Records, message_id: str) -> Alert:
    new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": Priority.HIGH})
    return intake.accept(client=records.client, new=new).alert


def tick(page: Page, milliseconds: int) -> None:
    """Later, on a server that remembers nothing."""
    caches["process"].clear()
    page.clock.run_for(milliseconds)


@pytest.mark.usefixtures("plan")
def test_from_asked_to_accepted(site: Site, records: Records) -> None:
    page = site.login(Role.OPERATORS.value, stopped=True)
    page.goto("/admin/")
    expect(page.locator("#refreshed")).to_contain_text("Refreshed at")
    counted = int(page.title().strip("(").partition(")")[0])

    alert = send_high(records, "asked-1")
    tick(page, HOME_TICK)
    first = page.locator(".attention").first
    expect(first).to_have_attribute("data-kind", "unanswered")
    expect(first).to_contain_text("is asked")
    expect(page).to_have_title(re.compile(rf"^\({counted + 1}\) Home"))
    check_on_each_screen(page)

    first.locator(".alert-row").get_by_role("link").click()
    wait_until_settled(page)
    said = page.locator(".alert-who")
    expect(said).to_contain_text("then Dot Dale is asked")
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    tick(page, PAGE_TICK)
    expect(said).to_contain_text("Dot Dale is asked until")
    expect(said).to_contain_text("then nobody is left to ask")
    check_on_each_screen(page)

    people = page.locator(".alert-people li")
    expect(people).to_have_count(2)
    people.nth(1).get_by_role("link", name="Has accepted").click()
    wait_until_settled(page)
    check_on_each_screen(page)
    page.get_by_label("How do you know?").fill("Said so on the telephone.")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Dot Dale has taken it on, as entered by staff")
    expect(page.locator(".alert-timeline")).to_contain_text("somebody else has it")
    expect(people.nth(1).get_by_role("link", name="Hand back")).to_be_visible()
    check_on_each_screen(page)


@pytest.mark.usefixtures("plan")
def test_nobody_is_left_and_the_list_and_a_print_say_so(site: Site, records: Records) -> None:
    taken, left = send_high(records, "taken-1"), send_high(records, "left-1")
    answer(taken, taken.clinician.contact_id)
    for _ in range(2):
        let_time_run_out(left)
    page = site.login(Role.AUDITORS.value)
    visit(page, "/admin/")
    expect(page.locator(".attention").first).to_have_attribute("data-kind", "exhausted")

    visit(page, "/admin/alerts/alert/?responsibility=exhausted")
    expect(page.locator("#result_list")).to_contain_text("Nobody is left")
    expect(page.get_by_role("link", name="taken-1", exact=True)).to_have_count(0)
    visit(page, "/admin/alerts/alert/")
    check_on_each_screen(page)

    page.get_by_role("link", name="left-1", exact=True).click()
    wait_until_settled(page)
    check_on_each_screen(page)
    page.emulate_media(media="print")
    expect(page.locator(".alert-printed")).to_be_visible()
    expect(page.locator(".alert-people")).to_contain_text("Named in step 2 of 2 of the plan “Nights”")
    expect(page.locator(".alert-timeline")).to_contain_text("Nobody is left to ask")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
