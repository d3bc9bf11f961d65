"""Deliveries in the ledger as a test wants them, and services that are away."""

import itertools
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db.models.functions import Now

from alerts import intake
from alerts.cooldown import Cooldown
from alerts.models import Alert, Attempt, Delivery
from alerts.relay import loop
from alerts.relay.beside import Beside
from alerts.sending import breaker, rate_limit
from alerts.states import AttemptState
from clients.models import ApiClient
from config.celery import app
from config.outages import Outage
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from oncall.models import PlanChoice
from tests.alerts.attempt_outcomes import Record
from tests.alerts.escalation.factories import Ask
from tests.factories import an_alert, make_clinician
from tests.oncall.factories import make_colleague, make_plan

Store = Callable[..., Delivery]


@pytest.fixture
def store(lab: ApiClient, clinician: Clinician) -> Store:
    """Take an alert of a priority; its first delivery, with fields as given."""

    def take(priority: Priority, contact_id: str = "C-1", **fields: Any) -> Delivery:
        body = an_alert(message_id=uuid.uuid4().hex, contact_id=contact_id)
        alert = intake.accept(client=lab, new=intake.NewAlert(**{**body, "priority": priority})).alert
        if fields:
            Delivery.objects.filter(alert=alert).update(**fields)
        return Delivery.objects.get(alert=alert)

    return take


@pytest.fixture
def whole_relay() -> Iterator[loop.Relay]:
    """A relay that ticks when the test says so."""
    made = loop.Relay()
    yield made
    made.close()


@pytest.fixture
def one_relay() -> Iterator[loop.Relay]:
    """The same, which does nothing beside its ticks: in the first, each relay would begin with checks, expiry and more.

    Each of these would have a thread, and a session.
    """
    made = loop.Relay(lambda _stopping: Beside())
    yield made
    made.close()


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """Redis, empty."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    yield client
    client.flushall()
    client.close()


@pytest.fixture
def fresh_counters(broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No channel has been used, and no Redis has failed."""

    def forget() -> None:
        for kept in (rate_limit._shared, rate_limit._own, rate_limit._backlog):  # noqa: SLF001 - what a new process has not
            kept.cache_clear()

    monkeypatch.setattr(rate_limit, "redis_cooldown", Cooldown(rate_limit.redis_cooldown.seconds))
    fresh = Outage(begins="rate_limit.redis_away", ends="rate_limit.redis_back", settled=0)
    monkeypatch.setattr(rate_limit, "OUTAGE", fresh)
    forget()
    yield
    forget()


@pytest.fixture
def outages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """What the log says of things that are away, and are back."""
    caplog.set_level("INFO", logger="config.outages")

    def said() -> list[dict[str, Any]]:
        lines: list[Any] = [each.msg for each in caplog.records if each.name == "config.outages"]
        return lines

    return said


@pytest.fixture
def many_calls(settings: Any) -> None:
    """More calls than the default quota of AWS."""
    settings.CONNECT_CALLS_PER_SECOND = 1000


@pytest.fixture
def record(store: Store, clinician: Clinician) -> Record:
    """Record attempts over a channel, oldest first, the newest `ago` seconds ago, for `of` deliveries in turn."""
    numbers = itertools.count(1)

    def write(channel: Channel, *outcomes: tuple[str, str], ago: float = 0.0, of: int = 2) -> None:
        other = Clinician.objects.filter(contact_id="C-0").first() or make_clinician(
            "C-0", {Priority.MEDIUM: [Channel.SMS]}
        )
        ended = [
            store(
                Priority.MEDIUM,
                other.contact_id,
                channel=channel,
                state="failed",
                reason="refused",
                finished_at=Now(),
            )
            for _ in range(of)
        ]
        for back, (state, reason) in zip(range(len(outcomes) - 1, -1, -1), outcomes, strict=True):
            started = Now() - timedelta(seconds=ago + back / 1000)
            finished = None if state == AttemptState.CALLING else Now()
            Attempt.objects.create(
                delivery=ended[back % of],
                channel=channel,
                number=next(numbers),
                state=state,
                reason=reason,
                provider_id="p" if state == AttemptState.SENT else "",
                started_at=started,
                finished_at=finished,
            )
        breaker.look_again(channel)

    return write


@contextmanager
def broken_broker(url: str) -> Iterator[None]:
    """Celery's broker is elsewhere for a while."""
    before = app.conf.broker_url
    app.conf.update(broker_url=url, broker_write_url=url)
    try:
        yield
    finally:
        app.conf.update(broker_url=before, broker_write_url=before)


@contextmanager
def hung_server() -> Iterator[int]:
    """A port with a server that never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def colleague(clinician: Clinician) -> Clinician:
    """C-2."""
    return make_colleague("C-2", call_number="+447700900201", sms_number="+447700900202", email="")


@pytest.fixture
def ask(lab: ApiClient, clinician: Clinician, colleague: Clinician) -> Ask:
    """Take a High alert for C-1. If no plan was made, it asks C-1, then C-2."""

    def take(*people: Clinician | None, **plan: Any) -> Alert:
        priority = plan.get("priority", Priority.HIGH)
        if people or not PlanChoice.objects.filter(priority=priority).exists():
            make_plan(*(people or (None, colleague)), **plan)
        body = an_alert(message_id=uuid.uuid4().hex, contact_id=clinician.contact_id)
        new = intake.NewAlert(**{**body, "priority": priority})
        return intake.accept(client=lab, new=new).alert

    return take
