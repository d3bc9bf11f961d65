"""Every page of the admin in a real browser: no complaint, no foreign host, nothing that keeps people out."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.staff.access.permissions import WHO_MAY, addresses
from tests.staff.accessibility import IS_DARK, check_accessibility, check_on_each_screen
from tests.staff.browser import Site, wait_until_settled
from tests.staff.users import NO_ROLE, SUPERUSER, Records

REFUSED = "Failed to load resource: the server responded with a status of 403 (Forbidden)"
KINDS = ("changelist", "add", "change", "history", "delete")


def look(page: Page, path: str) -> None:
    """Open a page and wait until the theme has come to life: it hides everything until then."""
    answer: Any = page.goto(path)
    assert answer.status == 200, path
    expect(page.locator("body")).to_be_visible()


def test_the_login_page(site: Site) -> None:
    page = site.page()

    look(page, "/admin/login/")

    assert not page.evaluate(IS_DARK)
    check_on_each_screen(page)


def test_the_look_is_the_systems_until_somebody_chooses(site: Site) -> None:
    page = site.page(dark=True)

    look(page, "/admin/login/")

    assert page.evaluate(IS_DARK)
    check_accessibility(page)


@pytest.mark.proof
@pytest.mark.parametrize("kind", KINDS)
def test_every_models_page(site: Site, records: Records, kind: str) -> None:
    page = site.login(SUPERUSER)
    paths = [
        path
        for name, path in addresses(records).items()
        if name.endswith(f"_{kind}") and SUPERUSER in WHO_MAY[name].who
    ]
    assert paths

    for path in paths:
        look(page, path)
        check_accessibility(page)


def test_the_page_that_refuses(site: Site, records: Records) -> None:
    page = site.login(NO_ROLE)
    path = addresses(records)["contacts_clinician_changelist"]

    page.goto(path)

    expect(page.get_by_role("heading")).to_have_text("You may not open this page")
    check_accessibility(page)
    site.errors.remove(f"{path}: {REFUSED}")


@pytest.mark.proof
@pytest.mark.parametrize(
    "name", ["index", "password_change", "password_change_done", "auth_user_password_change"]
)
def test_home_and_ones_own_pages(site: Site, records: Records, name: str) -> None:
    page = site.login(SUPERUSER)

    look(page, addresses(records)[name])

    check_accessibility(page)


def test_on_a_telephone_the_sidebar_is_opened_by_key(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER, phone=True)
    look(page, "/admin/")

    page.get_by_role("button", name="Sidebar").press("Enter")

    expect(page.get_by_role("link", name="Clinicians").first).to_be_visible()
    check_accessibility(page)


def test_ones_menu_and_the_look_are_had_by_keyboard(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    look(page, "/admin/")
    opener = page.get_by_role("button", name="menu", exact=False).and_(page.locator("[aria-expanded]"))
    dark = page.get_by_role("button", name="Dark")
    out = page.get_by_role("button", name="Log out")
    expect(opener).to_have_attribute("aria-expanded", "false")

    opener.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    check_accessibility(page)
    page.keyboard.press("Tab")
    expect(dark).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("html.dark")).to_be_attached()

    page.keyboard.press("Escape")
    expect(out).to_be_hidden()
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.press(" ")
    out.press("Enter")
    expect(page).to_have_url(re.compile("/admin/log(in|out)/"))


def test_from_the_bar_of_actions_to_the_page_of_a_new_token(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    look(page, addresses(records)["clients_apitoken_changelist"])
    page.locator("input.action-select").first.check()
    expect(page.locator("#changelist-actions")).to_be_visible()
    check_accessibility(page)

    page.select_option("select[name=action]", "rotate")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Rotate").click()
    secret = page.get_by_label("Token", exact=True)
    shown = secret.input_value()

    page.reload()

    expect(secret).to_have_value(shown)
    check_accessibility(page)
    page.get_by_role("button", name="I have copied it").click()
    expect(page).to_have_url(f"{site.url}{addresses(records)['clients_apiclient_change']}")


def test_the_documentation_of_the_api(site: Site) -> None:
    """Each load has an example with another message ID: the same one would be a repeat, which sends nothing."""
    page = site.page()
    shown = []
    for _ in range(2):
        page.goto("/docs")
        page.get_by_role("button", name="POST /notification Send an alert").click()
        example = page.locator(".body-param__example, .example pre").first
        expect(example).to_contain_text("blood_test_alert")
        shown += re.findall(r'"message_id": "([^"]+)"', example.inner_text())

    assert re.fullmatch("test-[0-9a-f]{12}", shown[0])
    assert len(set(shown)) == len(shown) == 2
    expect(page.get_by_role("heading", name="Repeating an alert")).to_be_visible()
    expect(page.locator(".model-container")).to_have_count(0)  # the schemas are folded
    wait_until_settled(page)
