"""Hospital systems in a real browser: added, given a token that works, rotated, revoked."""

import re
import subprocess
from typing import Any

import requests
from playwright.sync_api import Page, expect

from clients import usage
from clients.models import ApiToken
from staff.roles import Role
from tests.factories import an_alert
from tests.staff.accessibility import check_accessibility, check_on_each_screen
from tests.staff.browser import Site, visit
from tests.staff.users import Records

INTEGRATOR = Role.INTEGRATORS.value
PRESSES_THAT_SEND = """() => {
    let sent = 0;
    document.addEventListener("submit", event => { sent += !event.defaultPrevented; event.preventDefault(); });
    const form = document.querySelector("#apitoken_form, #confirm");
    for (let press = 0; press < 3; press++) form.requestSubmit();
    return sent;
}"""


def secret_of(page: Page) -> str:
    """The token on the page that shows one."""
    return page.get_by_label("Token", exact=True).input_value()


def send(site: Site, secret: str, message_id: str) -> int:
    """A hospital system's request; the answer's status."""
    headers = {"Authorization": f"Bearer {secret}"}
    return requests.post(
        f"{site.url}/notification", json=an_alert(message_id=message_id), headers=headers, timeout=10
    ).status_code


def copied(page: Page, button: str) -> Any:
    """What is in the clipboard after a press of the button."""
    page.get_by_role("button", name=button).press("Enter")
    expect(page.get_by_role("status")).to_have_text(f"{button}: done.")
    return page.evaluate("navigator.clipboard.readText()")


def test_a_new_client_gets_a_token_and_a_command_that_works(site: Site, records: Records) -> None:
    page = site.login(INTEGRATOR)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    visit(page, "/admin/clients/apiclient/add/")
    page.fill("#id_name", "Pharmacy system")
    page.locator("#id_name").press("Enter")
    expect(page.get_by_text("To send, it needs a token")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Save", exact=True).click()

    secret, command = secret_of(page), page.get_by_label("curl", exact=True).input_value()
    check_accessibility(page)

    assert copied(page, "Copy token") == secret
    assert copied(page, "Copy curl") == command
    assert f"{site.url}/notification" in command
    answered = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert re.match(r"HTTP/1\.1 202 ", answered.stdout), answered.stdout
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    assert secret not in page.content()


def test_a_token_is_rotated_and_both_work_and_revoked_and_is_refused(site: Site, records: Records) -> None:
    page = site.login(INTEGRATOR)
    visit(page, f"/admin/clients/apitoken/add/?client={records.client.pk}")
    page.get_by_role("button", name="Save", exact=True).click()
    old = secret_of(page)
    page.get_by_role("button", name="I have copied it").click()

    page.get_by_role("link", name=f"Rotate {old[:8]}").press("Enter")
    expect(page.get_by_text("both tokens work")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Rotate").press("Enter")
    new = secret_of(page)

    assert [send(site, old, "with-old"), send(site, new, "with-new")] == [202, 202]

    page.get_by_role("button", name="I have copied it").click()
    expect(page.locator(f'[data-token="{old[:8]}"]')).to_contain_text("Works, and has a successor")
    expect(page.get_by_role("link", name=f"Rotate {old[:8]}")).to_have_count(0)
    page.get_by_role("link", name=f"Revoke {old[:8]}").click()
    expect(page.get_by_text("at once and for ever")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("link", name="Leave it as it is").click()
    expect(page.locator(f'[data-token="{old[:8]}"]')).to_contain_text("Works, and has a successor")
    assert not ApiToken.objects.filter(revoked_at__isnull=False).exists()
    page.get_by_role("link", name=f"Revoke {old[:8]}").click()
    page.get_by_role("button", name="Revoke").click()

    expect(page.locator(f'[data-token="{old[:8]}"]')).to_contain_text("Revoked")
    assert [send(site, old, "with-old-2"), send(site, new, "with-new-2")] == [401, 202]


def test_a_form_is_sent_once_however_often_its_button_is_pressed(site: Site, records: Records) -> None:
    page = site.login(INTEGRATOR)

    for path in (f"add/?client={records.client.pk}", f"rotate/?token={records.token.pk}"):
        visit(page, f"/admin/clients/apitoken/{path}")
        assert page.evaluate(PRESSES_THAT_SEND) == 1, path


def test_requests_and_errors_by_day(site: Site, records: Records) -> None:
    for day in usage.last_days(records.client):
        usage.counts.add(records.client.pk, day.day, 20, 3)
    usage.counts.flush()
    page = site.login(INTEGRATOR)

    visit(page, f"/admin/clients/apiclient/{records.client.pk}/change/")

    chart = page.get_by_role("img", name="Requests and errors by day")
    expect(chart).to_be_visible()
    assert chart.locator("canvas").evaluate("canvas => Chart.getChart(canvas).data.datasets[1].data[0]") == 3
    page.get_by_text("As a table").press("Enter")
    expect(page.get_by_role("row").nth(1)).to_contain_text("20")
    check_on_each_screen(page)
