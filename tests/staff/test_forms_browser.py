"""The forms of the staff's pages in a real browser: nothing in the way of who fills them in."""

import pytest
from playwright.sync_api import expect

from tests.staff.browser import Desk, visit
from tests.staff.cast import SUPERUSER, Ward
from tests.staff.pages import addresses

COVERED = """() => {
  const focused = document.activeElement;
  const { left, top, bottom, width } = focused.getBoundingClientRect();
  return [top + 2, bottom - 2].some((y) => !focused.contains(document.elementFromPoint(left + width / 2, y)));
}"""
"""Whether something stands before the focused control, or it is out of the window."""


def test_tab_leads_to_no_field_behind_the_bar_with_save(desk: Desk, ward: Ward) -> None:
    page = desk.sit(SUPERUSER)
    visit(page, addresses(ward)["contacts_clinician_change"])
    selects = page.locator(".channels select")
    page.evaluate("window.scrollTo(0, 0)")
    selects.first.evaluate("element => element.focus({ preventScroll: true })")
    page.keyboard.press("Shift+Tab")
    page.evaluate("window.scrollTo(0, 0)")
    covered = []

    for number in range(selects.count()):
        page.keyboard.press("Tab")
        expect(selects.nth(number)).to_be_focused()
        if page.evaluate(COVERED):
            covered.append(number)

    assert covered == []


def test_on_a_telephone_save_comes_first_and_delete_last(desk: Desk, ward: Ward) -> None:
    page = desk.sit(SUPERUSER, phone=True)

    visit(page, addresses(ward)["contacts_clinician_change"])

    tops = (
        page.locator("#submit-row")
        .locator("button, a")
        .evaluate_all(
            "all => all.map((each) => [each.getBoundingClientRect().top, each.textContent.trim()]).sort(([a], [b]) => a - b)"
        )
    )
    names = [name for _top, name in tops]
    assert names[0] == "Save"
    assert names[-1] == "Delete clinician"
