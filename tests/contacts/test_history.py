"""A clinician's history: one entry for each change."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts import history, preferences
from contacts.choices import Channel, Priority
from contacts.models import ADDRESS_FIELDS, Clinician
from tests.contacts.admin.test_admin import ADD, page_of, typed
from tests.factories import confirm, make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


def entries(clinician: Clinician) -> list[Any]:
    return list(clinician.history.all())


def latest_changes(clinician: Clinician) -> list[tuple[str, str, str]]:
    """The newest entry, in words."""
    newer, older = entries(clinician)[:2]
    return [(each.field, each.old, each.new) for each in history.changes(newer, older)]


def rows(who: Clinician) -> list[list[dict[str, Any]]]:
    """What is stored of a clinician, without what differs between two of the same kind."""
    found: tuple[Any, ...] = (
        Clinician.objects.filter(pk=who.pk),
        who.preferences.order_by("id"),
        who.email_subscriptions.all(),
        who.history.order_by("history_date"),
    )
    differs = {"id", "clinician_id", "contact_id", "created_at", "search_text", "likeness"}
    differs |= {"since", "history_id", "history_date"}
    return [[{name: row[name] for name in row.keys() - differs} for row in each.values()] for each in found]


@pytest.mark.parametrize("wanted", [{Priority.HIGH: [CALL, SMS, CALL], Priority.LOW: [EMAIL]}, {}])
def test_the_clinicians_of_tests_are_as_the_product_makes_them(
    wanted: dict[Priority, list[Channel]],
) -> None:
    made = make_clinician("C-1", wanted, role="Registrar")

    fields = {each: getattr(made, each) for each in ("name", "role", *ADDRESS_FIELDS)}
    usual = Clinician.objects.create(contact_id="C-2", **fields)
    preferences.replace(usual, wanted)
    confirm(usual)

    assert rows(made) == rows(usual)


def test_replacing_preferences_records_old_and_new(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [SMS, CALL], Priority.LOW: []})

    assert latest_changes(clinician) == [
        ("High priority", "Telephone call → SMS", "SMS → Telephone call"),
        ("Low priority", "E-mail", "—"),
    ]


def test_the_same_preferences_make_no_entry(clinician: Clinician) -> None:
    before = len(entries(clinician))

    preferences.replace(clinician, {Priority.HIGH: [CALL, SMS]})

    assert len(entries(clinician)) == before


def test_saving_a_clinician_keeps_the_preferences_in_the_entry(clinician: Clinician) -> None:
    clinician.active = False
    clinician.save()

    assert entries(clinician)[0].channels == {"H": ["call", "sms"], "M": ["sms"], "L": ["email"]}
    assert latest_changes(clinician) == [("Active", "Yes", "No")]


def test_adding_a_clinician_is_one_entry_with_preferences(admin_client: Client, admin_user: User) -> None:
    admin_client.post(ADD, typed())

    (entry,) = entries(Clinician.objects.get())
    assert (entry.history_type, entry.history_user) == ("+", admin_user)
    assert entry.channels["H"] == ["call", "sms"]


def test_an_edit_of_fields_and_preferences_is_one_entry(
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


def test_saving_without_a_change_makes_no_entry(admin_client: Client, clinician: Clinician) -> None:
    before = len(entries(clinician))

    admin_client.post(page_of(clinician), typed())

    assert len(entries(clinician)) == before


def test_the_history_page_shows_who_old_and_new(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post(page_of(clinician), typed(high="sms call"))

    page = admin_client.get(f"/admin/contacts/clinician/{clinician.pk}/history/").content.decode()

    assert "High priority" in page
    assert "SMS → Telephone call" in page
    assert "admin" in page


def test_a_history_entry_cannot_be_edited(admin_client: Client, clinician: Clinician) -> None:
    entry = entries(clinician)[0]

    path = f"/admin/contacts/clinician/{clinician.pk}/history/{entry.history_id}/"

    # Django takes the rest of the path for an id, and finds nobody.
    assert admin_client.post(path, typed(name="Changed")).status_code in {302, 404}
    clinician.refresh_from_db()
    assert clinician.name == "Clinician C-1"
