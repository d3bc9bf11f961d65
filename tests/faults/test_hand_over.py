"""What the relay and PostgreSQL tell each other, and when: too early a wake-up is as bad as none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, connections

from alerts.deliveries.opening import DUE_CHANNEL
from alerts.models import Delivery
from alerts.relay.loop import Relay
from config.database import Lock
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician
from tests.factories import an_alert, make_clinician
from tests.faults.conftest import ForkServer
from tests.faults.crash import Crash
from tests.processes import wait_until
from tests.sender import Sender

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

    fork_server.kill(Crash("after", "kombu.transport.redis:PublishBatch.flush"), "relay")

    assert Delivery.objects.get().handed_over_at is not None


def leading() -> list[int]:
    """The sessions of relays that listen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [Lock.LEADER])
        return [pid for (pid,) in cursor.fetchall()]


@contextmanager
def two_relays() -> Iterator[None]:
    """Two relays that run in threads."""
    relays = [Relay(), Relay()]

    def run(relay: Relay) -> None:
        try:
            relay.run()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(relays)) as pool:
        running = [pool.submit(run, relay) for relay in relays]
        try:
            yield
        finally:
            for relay in relays:
                relay.stop()
    for each in running:
        each.result()


def test_one_relay_is_woken_and_when_its_session_ends_another_is() -> None:
    with two_relays():
        wait_until(leading, what="one listens")
        (first,) = leading()

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])

        wait_until(lambda: leading() not in ([], [first]), what="another session listens")
        assert len(leading()) == 1
