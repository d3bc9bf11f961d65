"""The export of alerts, as an auditor uses it in a browser."""

from pathlib import Path

from playwright.sync_api import expect

from staff.roles import Role
from tests.staff.accessibility import check_on_each_screen
from tests.staff.alerts.alert_pages import ALERTS, Send
from tests.staff.browser import Site


def test_an_export_shows_how_far_it_is_and_saves_the_file(site: Site, send: Send, tmp_path: Path) -> None:
    page = site.login(Role.AUDITORS.value)
    page.goto(f"{ALERTS}?status=failed")
    page.get_by_role("link", name="Export").click()
    check_on_each_screen(page)

    page.get_by_label("Format").select_option("csv")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("status")).to_contain_text("is complete: 1 alert.")

    saved = tmp_path / "alerts.csv"
    download.value.save_as(saved)
    assert "failed-1" in saved.read_text()

    page.route("**/export/*", lambda route: route.abort())
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("status")).to_contain_text("no file was saved. Try again.")
    site.errors.clear()  # the browser reports the request that broke off
