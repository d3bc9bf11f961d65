"""What only a browser shows: Ctrl-K, a test that asks first, a bar that leaves with its tab, cards on a telephone."""

from playwright.sync_api import expect

from alerts.models import Alert
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.aws import Aws
from tests.factories import make_clinician
from tests.staff.accessibility import check_accessibility
from tests.staff.browser import Site, visit
from tests.staff.users import Records


def test_from_ctrl_k_to_a_test_that_is_not_sent(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(Role.PREFERENCE_EDITORS.value)
    visit(page, "/admin/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Clinicians")).to_be_visible()
    page.keyboard.type("c-1")
    expect(page.get_by_role("option", name=str(records.clinician))).to_be_visible()
    check_accessibility(page)

    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{site.url}/admin/contacts/clinician/{records.clinician.pk}/change/")
    save = page.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_visible()
    expect(page.get_by_role("link", name="History")).to_have_count(0)
    page.get_by_role("link", name="Changes").click()
    expect(save).to_be_hidden()
    page.get_by_role("link", name="General").click()
    expect(save).to_be_visible()

    page.get_by_role("button", name="Send a test: Telephone call").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Call +44 7700 900001 now?")
    expect(asked).to_contain_text(f"The test goes to {records.clinician.name} at once. It is ")
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    page.get_by_role("button", name="Send a test: Telephone call").click()
    page.get_by_role("button", name="Do not send").click()

    expect(asked).to_be_hidden()
    assert not Alert.objects.tests().exists()
    save.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.locator("#tests")).to_be_visible()


def test_a_telephone_shows_at_least_five_clinicians(site: Site, records: Records) -> None:
    usual = {Priority.HIGH: [Channel.CALL], Priority.MEDIUM: [Channel.SMS], Priority.LOW: [Channel.EMAIL]}
    for number in range(8):
        make_clinician(f"D-{number}", usual, name=f"Doctor {number}", department="Cardiology")
    page = site.login(Role.PREFERENCE_EDITORS.value, phone=True)
    visit(page, "/admin/contacts/clinician/")

    rows = [row.bounding_box() for row in page.locator("#result_list tr.data-row").all()]

    visible = [box for box in rows if box and box["y"] + box["height"] < 844]
    assert len(visible) >= 5, rows
    check_accessibility(page)
