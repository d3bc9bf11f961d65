"""Forms in a real browser: focus, buttons, unsaved changes and lost sessions."""

from django.conf import settings
from playwright.sync_api import Dialog, expect

from alerts import intake
from tests.factories import an_alert
from tests.staff.access.permissions import addresses
from tests.staff.accessibility import check_accessibility
from tests.staff.browser import Site, visit
from tests.staff.users import SUPERUSER, Records

COVERED = """() => {
  const focused = document.activeElement;
  const { left, top, bottom, width } = focused.getBoundingClientRect();
  return [top + 2, bottom - 2].some((y) => !focused.contains(document.elementFromPoint(left + width / 2, y)));
}"""
"""Whether something stands before the focused control, or it is out of the window."""


def test_tab_leads_to_no_field_behind_the_bar_with_save(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    visit(page, addresses(records)["contacts_clinician_change"])
    selects = page.locator(".channels select:visible")  # the further ones are hidden while empty
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


def test_on_a_telephone_save_comes_first_and_delete_last(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER, phone=True)

    visit(page, addresses(records)["contacts_clinician_change"])

    tops = (
        page.locator("#submit-row")
        .locator("button, a")
        .evaluate_all(
            "all => all.map((each) => [each.getBoundingClientRect().top, each.textContent.trim()])"
            ".sort(([a], [b]) => a - b)"
        )
    )
    names = [name for _top, name in tops]
    assert names[0] == "Save"
    assert names[-1] == "Delete clinician"


def test_leaving_a_form_with_unsaved_changes_asks_first(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    for name in ("contacts_clinician_add", "contacts_preferencetemplate_add", "clients_apiclient_add"):
        visit(page, addresses(records)[name])
        page.locator("#id_name").press_sequentially("Ada")

        page.get_by_role("link", name="Bleep, Home").click()

        expect(page).to_have_url(f"{site.url}/admin/")
        assert asked.pop() == "beforeunload", name
    visit(page, addresses(records)["contacts_clinician_change"])
    page.locator("#id_name").press_sequentially(" the Third")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert asked == []


def test_a_logged_out_user_is_warned_while_typing(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    visit(page, addresses(records)["contacts_clinician_change"])

    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator("#id_name").press_sequentially("x")

    expect(page.locator("#now-basis")).to_contain_text("You have been logged out: copy what you typed")


def test_the_timeline_says_when_bleep_does_not_answer(site: Site, records: Records) -> None:
    new = intake.NewAlert(**an_alert(message_id="waiting-1"))
    alert = intake.accept(client=records.client, new=new).alert
    page = site.login(SUPERUSER, stopped=True)
    visit(page, f"/admin/alerts/alert/{alert.pk}/change/")
    refresh_status = page.locator("#refreshed")

    page.route("**/admin/alerts/alert/**", lambda route: route.abort())
    page.clock.run_for(6000)
    expect(refresh_status).to_contain_text("Bleep does not answer")
    check_accessibility(page)

    page.unroute("**/admin/alerts/alert/**")
    page.clock.run_for(6000)
    expect(refresh_status).to_contain_text("Refreshed at")
    page.context.clear_cookies()
    page.clock.run_for(6000)
    expect(refresh_status).to_contain_text("you may have been logged out")
    site.errors = [error for error in site.errors if "/admin/alerts/alert/" not in error]


def test_the_keys_stay_in_the_open_filters_and_then_go_back(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    visit(page, addresses(records)["contacts_clinician_changelist"])
    opener = page.get_by_role("button", name="Filters filter_list")
    inside = "document.getElementById('changelist-filter').contains(document.activeElement)"

    opener.press("Enter")

    page.wait_for_function(inside)
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 14:
        page.keyboard.press(key)
        assert page.evaluate(inside), key
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_the_first_tab_leads_past_the_sidebar(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)
    visit(page, addresses(records)["contacts_clinician_changelist"])
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_attached()

    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    check_accessibility(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")
