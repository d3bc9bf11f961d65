"""Channel tests in a real browser: the result is shown after a reload, until the page stops checking."""

from playwright.sync_api import expect

from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle
from alerts.models import Delivery
from staff.roles import Role
from tests.aws import Aws
from tests.staff.accessibility import check_accessibility
from tests.staff.browser import Site
from tests.staff.test_browser import look
from tests.staff.users import Records

EDITOR = Role.PREFERENCE_EDITORS.value
SEND = "Send a test: SMS"
RESULT = ".channel-row[data-channel=sms] .channel-result"
WAITS = "It is kept, and is sent once that part runs again."
"""No relay runs here."""


def test_a_result_is_shown_after_a_reload_and_updated(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(EDITOR)
    look(page, f"/admin/contacts/clinician/{records.clinician.pk}/change/")
    page.get_by_role("button", name=SEND).press("Enter")
    page.get_by_role("button", name="Send the test").press("Enter")
    expect(page.locator(RESULT)).to_contain_text(WAITS)

    page.reload()

    expect(page.locator(RESULT)).to_contain_text("Test of ")
    expect(page.locator(RESULT)).to_contain_text(WAITS)
    claim = claims.claim(Delivery.objects.get(alert__is_test=True).pk)
    assert claim is not None
    lifecycle.mark_sent(claim, SendResult("m-1"))
    expect(page.locator(RESULT)).to_contain_text("The provider has taken it.")
    check_accessibility(page)


def test_when_the_page_stops_asking_it_says_so(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(EDITOR, stopped=True)
    look(page, f"/admin/contacts/clinician/{records.clinician.pk}/change/")
    page.get_by_role("button", name=SEND).press("Enter")
    page.get_by_role("button", name="Send the test").press("Enter")
    expect(page.locator(RESULT)).to_contain_text(WAITS)

    page.clock.fast_forward("06:30")

    expect(page.locator(RESULT)).to_contain_text(f"{WAITS} This page has stopped checking.")
