"""The admin's scripts ask for translations: pages that load them load these first."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.staff.access.permissions import addresses
from tests.staff.access.posts import ACTIONS, posts
from tests.staff.browser import Site, visit
from tests.staff.users import SUPERUSER, Records, make_records, make_user

CHOICE = ("action", "_selected_action", "index")
"""What the list of rows posts, before a page asks anything."""


def all_pages(client: Client, records: Records) -> Iterator[tuple[str, Any]]:
    """Each page that may be opened, and each that an action of a list leads to."""
    for name, path in addresses(records).items():
        yield name, client.get(path)
    for name, post in posts(records).items():
        if name in ACTIONS:
            chosen = {field: value for field, value in post.fields().items() if field in CHOICE}
            yield name, client.post(post.path, chosen)


@pytest.mark.django_db
def test_each_page_with_a_script_of_the_admin_loads_the_translations_before_it() -> None:
    client = Client()
    client.force_login(make_user(SUPERUSER))
    translations, without, with_scripts = f'<script src="{reverse("admin:jsi18n")}"></script>', [], 0
    for name, answer in all_pages(client, make_records()):
        before, script, _after = b"".join(answer).decode(errors="ignore").partition("/admin/js/")
        with_scripts += bool(script)
        if script and translations not in before:
            without.append(name)

    assert with_scripts > 20
    assert without == []


def test_the_pages_of_clinicians_have_no_error_in_the_console(site: Site, records: Records) -> None:
    page = site.login(SUPERUSER)

    for name in ("import", "export", "delete"):
        visit(page, addresses(records)[f"contacts_clinician_{name}"])
        assert page.evaluate("gettext('Hide')") == "Hide", name
    for action in ("change_preferences", "activate"):
        visit(page, addresses(records)["contacts_clinician_changelist"])
        page.locator("input.action-select").first.check()
        page.select_option("select[name=action]", action)
        page.get_by_role("button", name="Run").click()
        page.wait_for_selector(f"[name=action][value={action}]", state="attached")
        assert page.evaluate("gettext('Hide')") == "Hide", action
