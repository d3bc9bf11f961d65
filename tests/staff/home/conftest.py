"""A Bleep in which something of each kind needs attention."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts.models import RelayHeartbeat
from clients import tokens
from contacts import preferences
from contacts.choices import Priority
from tests.staff.users import make_records


@pytest.fixture
def something_of_each_kind() -> None:
    records = make_records()  # with an alert that failed
    RelayHeartbeat.objects.create(relay="ward:1")
    preferences.replace(records.clinician, {Priority.LOW: []})
    tokens.issue(client=records.client, expires_at=timezone.now() + timedelta(days=3))
    expired, _secret = tokens.issue(client=records.client, expires_at=timezone.now() - timedelta(hours=1))
    tokens.mark_used(expired)
