"""A clinician's history: who changed what, when, from what to what; one entry for each change."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts import history, preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.contacts.admin.test_admin import ADD, page_of, typed

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


def entries(clinician: Clinician) -> list[Any]:
    return list(clinician.history.all())


def latest_changes(clinician: Clinician) -> list[tuple[str, str, str]]:
    """What the newest entry says, in words."""
    newer, older = entries(clinician)[:2]
    return [(each.field, each.old, each.new) for each in history.changes(newer, older)]


def test_replacing_preferences_is_told_from_what_to_what(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [SMS, CALL], Priority.LOW: []})

    assert latest_changes(clinician) == [
        ("High priority", "Telephone call → SMS", "SMS → Telephone call"),
        ("Low priority", "E-mail", "—"),
    ]


def test_replacing_preferences_by_the_same_ones_leaves_no_entry(clinician: Clinician) -> None:
    before = len(entries(clinician))

    preferences.replace(clinician, {Priority.HIGH: [CALL, SMS]})

    assert len(entries(clinician)) == before


def test_saving_a_clinician_keeps_the_preferences_in_the_entry(clinician: Clinician) -> None:
    clinician.active = False
    clinician.save()

    assert entries(clinician)[0].channels == {"H": ["call", "sms"], "M": ["sms"], "L": ["email"]}
    assert latest_changes(clinician) == [("Active", "Yes", "No")]


def test_adding_somebody_in_the_admin_is_one_entry_with_their_preferences(
    admin_client: Client, admin_user: User
) -> None:
    admin_client.post(ADD, typed())

    (entry,) = entries(Clinician.objects.get())
    assert (entry.history_type, entry.history_user) == ("+", admin_user)
    assert entry.channels["H"] == ["call", "sms"]


def test_an_edit_in_the_admin_is_one_entry_that_tells_all(
    admin_client: Client, admin_user: User, clinician: Clinician
) -> None:
    before = len(entries(clinician))

    admin_client.post(page_of(clinician), typed(name="Clinician One", medium="sms call"))

    assert len(entries(clinician)) == before + 1
    assert entries(clinician)[0].history_user == admin_user
    assert latest_changes(clinician) == [
        ("Name", "Clinician C-1", "Clinician One"),
        ("Medium priority", "SMS", "SMS → Telephone call"),
    ]


def test_saving_the_page_without_a_change_leaves_no_entry(admin_client: Client, clinician: Clinician) -> None:
    before = len(entries(clinician))

    admin_client.post(page_of(clinician), typed())

    assert len(entries(clinician)) == before


def test_the_page_of_the_history_says_who_and_from_what_to_what(
    admin_client: Client, clinician: Clinician
) -> None:
    admin_client.post(page_of(clinician), typed(high="sms call"))

    page = admin_client.get(f"/admin/contacts/clinician/{clinician.pk}/history/").content.decode()

    assert "High priority" in page
    assert "SMS → Telephone call" in page
    assert "admin" in page


def test_an_entry_has_no_page_on_which_it_could_be_changed(
    admin_client: Client, clinician: Clinician
) -> None:
    entry = entries(clinician)[0]

    path = f"/admin/contacts/clinician/{clinician.pk}/history/{entry.history_id}/"

    # Django takes the rest of the path for an id, and finds nobody.
    assert admin_client.post(path, typed(name="Changed")).status_code in {302, 404}
    clinician.refresh_from_db()
    assert clinician.name == "Clinician C-1"
