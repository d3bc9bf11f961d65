"""Plans and covers as staff make them, in a real browser."""

import os
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from contacts.choices import Priority
from oncall import plans
from oncall.models import Cover, Plan
from staff.roles import Role
from tests.oncall.factories import cover, make_colleague, make_plan
from tests.staff.accessibility import check_accessibility, check_on_each_screen, fits
from tests.staff.browser import Site, wait_until_settled
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


def choose(page: Page, part: Locator, name: str) -> None:
    """Choose a clinician in a part of the page, by typing a part of the name."""
    part.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill(name)
    page.locator(".select2-results__option", has_text=name).click()


def row_of(group: Locator, prefix: str) -> Locator:
    """A row of a table of rows, by the beginning of its fields' names."""
    return group.locator("tbody").filter(has=group.page.locator(f"[name^={prefix}-]"))


def test_an_editor_makes_a_plan_and_sees_what_would_happen(site: Site, records: Records) -> None:
    """Two steps are entered in the wrong order, and the second has too few minutes."""
    make_colleague("C-2", name="Second Clinician")
    page = site.login(EDITOR)
    look(page, "/admin/oncall/plan/add/")
    page.get_by_label("Name").fill("Nights")
    steps, uses = page.locator("#steps-group"), page.locator("#choices-group")

    first, second = row_of(steps, "steps-0"), row_of(steps, "steps-1")
    steps.get_by_text("Add another Step").click()
    first.get_by_label("Who is asked").select_option("Somebody by name")
    choose(page, first, "Second")
    first.get_by_label("Minutes to answer").fill("0:10")
    first.get_by_label("Order").fill("2")
    steps.get_by_text("Add another Step").click()
    second.get_by_label("Minutes to answer").fill("2")
    second.get_by_label("Order").fill("1")
    uses.get_by_text("Add another Use").click()
    row_of(uses, "choices-0").get_by_label("Priority").select_option("High")
    choose(page, row_of(uses, "choices-0"), "C-1")
    check_accessibility(page)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#problems")).to_contain_text(
        "Step 2: 10 s is shorter than the 30 s that the channels of"
    )
    plan = Plan.objects.get(name="Nights")
    assert [step.in_words() for step in plan.steps.all()] == [
        "The person the alert is for, 2 min",
        "Second Clinician (C-2), 10 s",
    ]
    now = page.locator("#plan-now")
    expect(now).to_contain_text("For an alert to Clinician C-1 (C-1), as an example.")
    expect(now.get_by_role("listitem")).to_contain_text(
        ["Clinician C-1 (C-1)", "Second Clinician (C-2) is asked", "The desk is told"]
    )
    check_on_each_screen(page)


def test_an_operator_makes_an_absence_with_the_calendar(site: Site, records: Records) -> None:
    dot = make_colleague("D-2", name="Dot Dale")
    ann = make_colleague("A-1", name="Ann Able")
    make_plan(None, clinician=ann)
    page = site.login(OPERATOR)
    look(page, f"/admin/contacts/clinician/{ann.pk}/change/")
    away = page.locator("#away")
    expect(away).to_contain_text("Not away, and no absence is planned.")
    away.get_by_role("link", name="Add an absence").click()
    wait_until_settled(page)

    for number, time in enumerate(("Midnight", "Noon")):
        page.locator(f"#calendarlink{number}").click()
        page.locator(f"#calendarbox{number}").get_by_role("link", name="Tomorrow").click()
        page.locator(f"#clocklink{number}").click()
        page.locator(f"#clockbox{number}").get_by_role("link", name=time).click()
    choose(page, page.locator(".field-by"), "Dot")
    page.get_by_label("Reason").fill("Leave")
    check_accessibility(page)
    page.get_by_role("button", name="Save", exact=True).click()
    wait_until_settled(page)

    expect(away).to_contain_text("Planned:")
    expect(away).to_contain_text("00:00 to")
    expect(away).to_contain_text("Dot Dale (D-2) covers")
    made = Cover.objects.get(clinician=ann)
    assert made.by == dot
    assert made.period.upper - made.period.lower == timedelta(hours=12)
    check_on_each_screen(page)
    away.get_by_role("button", name="Call off").click()
    wait_until_settled(page)
    expect(away).to_contain_text("Not away, and no absence is planned.")
