"""The relay: what it takes, how much, again when, and what it does while the broker is down."""

import base64
import json
import time
import uuid
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts.deliveries import claims
from alerts.models import Attempt, Delivery, RelayHeartbeat
from alerts.relay import loop, publishing
from alerts.sending import send
from alerts.states import DeliveryState
from config.periodic import Periodic
from contacts.choices import Priority
from tests.alerts.conftest import Store, broken_broker, hung_server
from tests.alerts.factories import let_lease_run_out
from tests.aws import Aws
from tests.processes import wait_until
from tests.round_trips import round_trips

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_priority_goes_to_its_queue(one_relay: loop.Relay, broker: "redis.Redis", store: Store) -> None:
    for priority in Priority:
        store(priority)

    one_relay.tick()

    assert [broker.llen(queue) for queue in ("urgent", "normal", "low")] == [1, 1, 1]


def test_only_the_id_is_in_the_broker(one_relay: loop.Relay, broker: "redis.Redis", store: Store) -> None:
    delivery = store(Priority.HIGH)

    one_relay.tick()

    raw = bytes(broker.lrange("urgent", 0, -1)[0])  # type: ignore[arg-type]
    body = base64.b64decode(json.loads(raw)["body"]).decode()
    assert str(delivery.pk) in body
    for private in (delivery.address, "123456789", "Blood"):
        assert private not in body + raw.decode()


def test_a_delivery_handed_over_is_not_handed_over_again_at_once(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store
) -> None:
    store(Priority.HIGH)

    one_relay.tick()
    one_relay.tick()

    assert broker.llen("urgent") == 1


def test_a_flood_of_low_leaves_room_for_high(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_relay._in_flight[Priority.LOW], "allowed", 2)  # noqa: SLF001
    for _ in range(4):
        store(Priority.LOW)
    store(Priority.HIGH)

    one_relay.tick()

    assert (broker.llen("low"), broker.llen("urgent")) == (2, 1)


@pytest.mark.parametrize("hung", [False, True], ids=["refusing", "hung"])
def test_while_the_broker_is_away_high_is_sent_and_the_rest_waits(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws, hung: bool
) -> None:
    high, medium = store(Priority.HIGH), store(Priority.MEDIUM)
    with hung_server() as port, broken_broker(f"redis://127.0.0.1:{port if hung else 1}/0"):
        one_relay.tick()
        one_relay.tick()
        wait_until(
            lambda: Delivery.objects.get(pk=high.pk).state == DeliveryState.SENT,
            what="the call was placed",
        )

    assert [message["channel"] for message in aws.messages()] == ["call"]
    waiting = Delivery.objects.get(pk=medium.pk)
    assert (waiting.state, waiting.handed_over_at) == (DeliveryState.PENDING, None)


def test_waiting_deliveries_are_handed_over_when_the_broker_is_back(
    broker: "redis.Redis", store: Store, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(publishing, "PAUSE", 0.0)
    one_relay: loop.Relay = request.getfixturevalue("one_relay")
    store(Priority.MEDIUM)
    with broken_broker("redis://127.0.0.1:1/0"):
        one_relay.tick()

    one_relay.tick()

    assert broker.llen("normal") == 1


def test_it_recovers_what_a_dead_worker_left(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store
) -> None:
    delivery = store(
        Priority.MEDIUM,
        state=DeliveryState.SENDING,
        lease_token=uuid.uuid4(),
        lease_expires_at=Now() - timedelta(seconds=1),
        attempt_count=1,
    )
    Attempt.objects.create(delivery=delivery, channel=delivery.channel, number=1)

    one_relay.tick()

    assert Delivery.objects.get().state == DeliveryState.UNKNOWN


def test_it_says_that_it_is_alive(one_relay: loop.Relay, broker: "redis.Redis") -> None:
    one_relay.tick()

    assert RelayHeartbeat.objects.fresh().get().relay == one_relay.name


def test_it_says_since_when_though_one_of_its_name_was_killed(
    one_relay: loop.Relay, broker: "redis.Redis"
) -> None:
    before = Now() - timedelta(days=1)
    RelayHeartbeat.objects.create(relay=one_relay.name, beat_at=before, started_at=before)

    one_relay.tick()

    assert RelayHeartbeat.objects.filter(started_at__gt=Now() - timedelta(minutes=1)).exists()


def test_it_says_how_far_the_clock_of_its_host_is_ahead_in_three_statements(
    one_relay: loop.Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    RelayHeartbeat.objects.create(relay=one_relay.name, sent_itself_at=Now())
    tell = time.time
    monkeypatch.setattr(time, "time", lambda: tell() + 60)

    with CaptureQueriesContext(connection) as captured:
        one_relay._report()  # noqa: SLF001 - what it costs shows nowhere else

    relay = RelayHeartbeat.objects.get()
    assert relay.clock_offset_seconds == pytest.approx(60, abs=0.5)
    assert relay.sent_itself_at is not None, "it is kept"
    statements = [query["sql"].split()[0] for query in captured]
    assert [each for each in statements if each not in ("BEGIN", "COMMIT")] == ["SELECT", "INSERT", "DELETE"]


def test_a_heartbeat_takes_two_round_trips_and_makes_its_row_again_if_it_is_gone(
    one_relay: loop.Relay,
) -> None:
    def report() -> None:
        one_relay._report()  # noqa: SLF001 - what it costs shows nowhere else

    for _ in range(2):
        report()
    RelayHeartbeat.objects.update(beat_at=Now() - timedelta(minutes=1), sent_itself_at=Now())

    with round_trips() as found:
        report()

    assert found == ["SELECT", "prepared"]
    assert RelayHeartbeat.objects.fresh().filter(sent_itself_at__isnull=False).exists()
    RelayHeartbeat.objects.all().delete()
    report()
    assert RelayHeartbeat.objects.fresh().exists()


def test_a_silent_relay_is_not_fresh(db: None) -> None:
    RelayHeartbeat.objects.create(relay="old", beat_at=Now() - timedelta(minutes=1))

    assert not RelayHeartbeat.objects.fresh().exists()


def test_a_queue_that_nobody_empties_is_not_filled_further(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "FULL", 2)
    for _ in range(2):
        store(Priority.LOW)
    one_relay.tick()
    waiting = store(Priority.LOW)

    one_relay.tick()

    assert broker.llen("low") == 2
    assert Delivery.objects.get(pk=waiting.pk).handed_over_at is None


def test_one_delivery_that_cannot_be_recovered_does_not_keep_others_from_it(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store
) -> None:
    expired = {
        "state": DeliveryState.SENDING,
        "lease_expires_at": Now() - timedelta(seconds=1),
        "attempt_count": 1,
    }
    store(Priority.MEDIUM, lease_token=uuid.uuid4(), **expired)  # without its attempt, which cannot be
    good = store(Priority.MEDIUM, lease_token=uuid.uuid4(), **expired)
    Attempt.objects.create(delivery=good, channel=good.channel, number=1)

    one_relay.tick()

    assert Delivery.objects.get(pk=good.pk).state == DeliveryState.UNKNOWN


def test_a_database_that_only_reads_is_waited_for_and_not_skipped(
    one_relay: loop.Relay, store: Store
) -> None:
    """As one that is away: otherwise each delivery of a dead worker is an error in the log, and the session stays."""
    delivery = store(Priority.HIGH)
    assert claims.claim(delivery.pk) is not None
    let_lease_run_out(delivery)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    with pytest.raises(loop.AWAY):
        send.recover_expired()

    connection.close()
    assert send.recover_expired() == 1


@pytest.fixture
def only_hands_over(one_relay: loop.Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay does nothing of what it does every few seconds."""
    for name in ("_heartbeat", "_clock"):
        monkeypatch.setattr(one_relay, name, Periodic(name, lambda: None, seconds=1000))


@pytest.mark.usefixtures("only_hands_over")
def test_an_idle_tick_takes_one_statement(one_relay: loop.Relay, broker: "redis.Redis") -> None:
    one_relay.tick()  # which prepares it

    with round_trips() as found:
        one_relay.tick()

    assert found == ["prepared"]


@pytest.mark.usefixtures("only_hands_over")
def test_a_tick_takes_one_statement_more_for_each_queue_however_many_are_due(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store
) -> None:
    for priority in Priority:
        store(priority)
    one_relay.tick()
    for priority in Priority:
        for _ in range(5):
            store(priority)
    # However long that took.
    Delivery.objects.filter(handed_over_at__isnull=False).update(handed_over_at=Now())

    with round_trips() as found:
        one_relay.tick()

    assert found == ["prepared"] * 4
    assert [broker.llen(queue) for queue in ("urgent", "normal", "low")] == [6, 6, 6]


def test_where_more_is_due_than_there_is_room_for_it_looks_again_soon(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_relay._in_flight[Priority.LOW], "allowed", 2)  # noqa: SLF001
    for _ in range(3):
        store(Priority.LOW)

    waits = [one_relay.tick() for _ in range(2)]
    broker.delete("low")
    Delivery.objects.filter(handed_over_at__isnull=False).delete()
    waits += [one_relay.tick() for _ in range(2)]

    assert waits == [0.0, loop.WITHOUT_ROOM, 0.0, loop.TICK]
