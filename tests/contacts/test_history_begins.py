"""The migration that begins the history: everybody who was there before has an entry to compare with."""

from importlib import import_module

import pytest
from django.apps import apps

from contacts.models import Clinician

pytestmark = pytest.mark.django_db


def test_whoever_was_there_before_gets_an_entry_with_their_preferences(clinician: Clinician) -> None:
    Clinician.history.all().delete()

    import_module("contacts.migrations.0003_history_begins").begin(apps, None)

    entry = clinician.history.get()
    assert (entry.contact_id, entry.call_number, entry.active) == ("C-1", "+447700900001", True)
    assert entry.channels == {"H": ["call", "sms"], "M": ["sms"], "L": ["email"]}
