"""A security key in a browser: set up, and asked for at the next login."""

from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.staff.accessibility import check_accessibility
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.logins.login_pages import FACTORS, PASSWORD, factors_of, person
from tests.staff.users import SUPERUSER


def plug_in_a_key(page: Page) -> None:
    """A security key that is touched at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def log_in(page: Page, url: str, name: str) -> None:
    visit(page, f"{url}/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    wait_until_settled(page)


def test_a_security_key_is_set_up_and_asked_for(site: Site, live_server: LiveServer) -> None:
    user = person(SUPERUSER)
    url = live_server.url.replace("127.0.0.1", "localhost")  # keys know names, not numbers
    site.url = url
    page = site.page()
    plug_in_a_key(page)

    log_in(page, url, user.username)
    expect(page).to_have_url(f"{url}{FACTORS}")
    check_accessibility(page)
    page.get_by_role("link", name="Add", exact=True).click()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/codes/**")
    wait_until_settled(page)
    check_accessibility(page)
    assert factors_of(user) == {Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES}
    visit(page, f"{url}/admin/")
    expect(page).to_have_url(f"{url}/admin/")

    page.context.clear_cookies()
    log_in(page, url, user.username)
    expect(page).to_have_url(f"{url}{FACTORS}show/")
    check_accessibility(page)
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url(f"{url}/admin/")
    wait_until_settled(page)
