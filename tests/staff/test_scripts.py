"""The admin's scripts ask for translations: pages that load them load these first."""

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


def translates_scripts(answer: Any) -> bool | None:
    """Whether a page loads the translations before the first script of the admin; None without such a script."""
    before, script, _after = b"".join(answer).decode(errors="ignore").partition("/admin/js/")
    return f'<script src="{reverse("admin:jsi18n")}"></script>' in before if script else None


@pytest.mark.django_db
def test_each_page_that_an_action_leads_to_loads_the_translations_before_scripts() -> None:
    """`test_pages.py` looks at those that have an address."""
    client = Client()
    client.force_login(make_user(SUPERUSER))
    translated = {}
    for name, post in posts(make_records()).items():
        if name in ACTIONS:
            chosen = {field: value for field, value in post.fields().items() if field in CHOICE}
            translated[name] = translates_scripts(client.post(post.path, chosen))

    assert any(translated.values()), "None of these pages has a script with words, so nothing was looked at."
    assert [name for name, found in translated.items() if found is False] == []


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
