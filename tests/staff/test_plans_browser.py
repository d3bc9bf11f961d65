"""Plans and covers as staff make them, in a real browser."""

import os

from playwright.sync_api import Page, expect

from contacts.choices import Priority
from oncall import plans
from staff.roles import Role
from tests.oncall.factories import cover, make_colleague, make_plan
from tests.staff.accessibility import check_accessibility, fits
from tests.staff.browser import Site
from tests.staff.test_browser import look
from tests.staff.users import Records

EDITOR, OPERATOR, AUDITOR = Role.PREFERENCE_EDITORS.value, Role.OPERATORS.value, Role.AUDITORS.value


def picture(page: Page, name: str) -> None:
    """For a person to look at, in the folder that PICTURES names."""
    if os.environ.get("PICTURES"):
        page.screenshot(path=f"{os.environ['PICTURES']}/{name}.png", full_page=True)


def test_a_reader_looks_at_a_plan_for_somebody_else(site: Site, records: Records) -> None:
    colleague = make_colleague("C-2", name="Second Clinician")
    cover(records.clinician, None)
    plan = make_plan(None, colleague)
    page = site.login(AUDITOR, phone=True)
    look(page, f"/admin/oncall/plan/{plan.pk}/change/")
    expect(page.locator("#plan-now")).to_contain_text("Clinician C-1 (C-1) is away")

    page.locator("#plan-now .select2-selection").click()
    page.locator(".select2-search__field").fill("Second")
    page.locator(".select2-results__option", has_text="Second Clinician").click()
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#plan-now")).to_contain_text("For an alert to Second Clinician (C-2).")
    check_accessibility(page)
    picture(page, "plan-phone")
    assert fits(page)
    assert plans.plan_for(colleague, Priority.HIGH) is not None
