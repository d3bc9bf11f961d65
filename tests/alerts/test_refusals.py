"""Old rows of the register go; a relay sees to it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts.models import Refusal
from alerts.relay import loop
from clients.models import ApiClient
from tests.processes import wait_until


@pytest.mark.django_db(transaction=True)
def test_a_relay_deletes_what_was_last_refused_three_months_ago(
    whole_relay: loop.Relay, lab: ApiClient
) -> None:
    for contact_id, days in (("old", 91), ("known for long", 89)):
        Refusal.objects.create(
            client=lab,
            contact_id=contact_id,
            reason="unknown_contact",
            first_at=Now() - timedelta(days=200),
            last_at=Now() - timedelta(days=days),
        )

    whole_relay.tick()

    wait_until(lambda: Refusal.objects.count() == 1, what="the old row is deleted")
    assert Refusal.objects.get().contact_id == "known for long"
