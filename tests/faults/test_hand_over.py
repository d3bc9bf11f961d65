"""What the relay and PostgreSQL tell each other, and when: too early a wake-up is as bad as none."""

import psycopg
import pytest
from django.db import connection

from alerts.deliveries.opening import DUE_CHANNEL
from alerts.models import Delivery
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician
from tests.conftest import Sender, an_alert, make_clinician
from tests.faults.conftest import ForkServer
from tests.faults.crash import Crash

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clinician(db: None) -> None:
    make_clinician("C-1", {Priority.HIGH: [Channel.CALL]})


def heard(listener: "psycopg.Connection[tuple[object, ...]]") -> int:
    """How often a relay would have been woken so far."""
    return len(list(listener.notifies(timeout=0.2)))


def test_relays_are_woken_by_a_commit_and_by_nothing_that_was_lost(
    fork_server: ForkServer, sender: Sender
) -> None:
    # Something is known of another address, so the alert is taken step by step, and can die between two of them.
    clinician = Clinician.objects.get()
    obstacles.remember(clinician.pk, Channel.SMS, "+447700900009", ObstacleKind.OPTED_OUT)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
        listener.execute(f"LISTEN {DUE_CHANNEL}")

        fork_server.kill(
            Crash("after", "alerts.deliveries.opening:open_delivery"),
            "post",
            body=an_alert(priority="H"),
            token=sender.headers["Authorization"],
        )
        assert heard(listener) == 0

        assert sender.post(an_alert(priority="H")).status_code == 202
        assert heard(listener) == 1


def test_a_published_delivery_is_recorded_as_handed_over_and_can_be_claimed_at_once(
    fork_server: ForkServer, sender: Sender
) -> None:
    sender.post(an_alert(priority="H"))

    fork_server.kill(Crash("after", "celery.app.task:Task.apply_async"), "relay")

    assert Delivery.objects.get().handed_over_at is not None
