"""Processes that die on demand, and the rest of Bleep, which has to recover."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts.models import Delivery
from alerts.relay.beside import Beside
from alerts.relay.loop import Relay
from alerts.states import UNFINISHED, DeliveryState
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from tests.environment import database_url
from tests.faults.crash import Crash
from tests.processes import ROOT, stop, wait_until

ROUNDS = 6
"""More ticks of the relay than any test here needs."""
LONG_AGO = timedelta(hours=1)
KILLED = -9
UNPACED = {"CONNECT_CALLS_PER_SECOND": 1000, "SMS_PER_SECOND": 10_000}
"""Rate limits would slow down two hundred tests."""
BACK = Q(state=DeliveryState.PENDING, handed_over_at=None)
"""Deliveries that wait for the relay's next tick."""


class ForkServer:
    """Starts processes of Bleep that die at a step; see `tests.faults.fork_server`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def kill(self, crash: Crash, action: str, **arguments: Any) -> None:
        """Run an action in a new process that dies at a step of it. It fails if the step is not reached."""
        self._order({"crash": asdict(crash), "action": action, "arguments": arguments})
        code = int(self.answer())
        assert code == KILLED, f"{action} did not die at {crash}: exit code {code}"

    def start_worker(self, log: Path) -> int:
        """Start a real worker, which writes into this log. Returns its process id."""
        self._order({"worker": str(log)})
        return int(self.answer())

    def stop_worker(self, pid: int) -> None:
        """Kill it: what the tests wanted of it is in the database."""
        self._order({"stop": pid})
        assert int(self.answer()) == KILLED

    def answer(self) -> str:
        """The next line of its output."""
        assert self._process.stdout is not None
        return str(self._process.stdout.readline()).strip()

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()


class Rest:
    """The rest of Bleep, which works: a relay that ticks when a test says so, and a real worker."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def finish(self) -> None:
        """Work until every delivery has ended. Nothing sleeps: due times are moved to now."""
        unfinished = Delivery.objects.filter(state__in=UNFINISHED)
        for _ in range(ROUNDS):
            waiting = unfinished.filter(state=DeliveryState.PENDING)
            waiting.filter(handed_over_at__isnull=False).update(handed_over_at=Now() - LONG_AGO)
            waiting.update(available_at=Now())
            self.relay.tick()
            wait_until(lambda: not unfinished.exclude(BACK).exists(), what="the worker is done")
            if not unfinished.exists():
                return
        raise AssertionError(f"After {ROUNDS} rounds there is still work: {list(unfinished)}.")

    def ask_outcome(self, delivery: Delivery) -> None:
        """Ask the provider for the outcome of a message that was sent, now instead of when it is due."""
        accepted = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENT)
        accepted.update(outcome_due_at=Now())
        self.relay.tick()
        wait_until(lambda: not accepted.exists(), what="the outcome is known")


def let_leases_run_out() -> None:
    """Expire every lease, as if its worker had not answered for that long."""
    held = Delivery.objects.filter(state=DeliveryState.SENDING)
    held.update(lease_expires_at=Now() - timedelta(seconds=1))


@pytest.fixture(scope="session")
def environment(django_db_setup: None, aws_server: str) -> dict[str, str]:
    """The environment of every process: the tests' database, and no rate limits."""
    return {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        "SMS_REPLY_QUEUE_URL": reply_queue_url(aws_server),
        "SMS_ORIGINATION_NUMBER": ORIGINATION_NUMBER,
        **{name: str(value) for name, value in UNPACED.items()},
    }


@contextmanager
def _fork_server(environment: dict[str, str], log_dir: Path) -> Iterator[ForkServer]:
    with (log_dir / "fork_server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.fork_server"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            made = ForkServer(process)
            assert made.answer() == "ready"
            yield made
        finally:
            stop(process)  # type: ignore[arg-type]
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


@pytest.fixture(scope="session")
def fork_server(environment: dict[str, str], log_dir: Path) -> Iterator[ForkServer]:
    """A process that starts others, which die. By itself it takes nothing, so it may stay."""
    with _fork_server(environment, log_dir) as made:
        yield made


@pytest.fixture(scope="module")
def worker(fork_server: ForkServer, log_dir: Path) -> Iterator[None]:
    """A real worker. It ends after the module's tests, since it would take other tests' deliveries."""
    log = log_dir / f"faults-worker-{uuid.uuid4()}.log"
    log.touch()
    pid = fork_server.start_worker(log)
    try:
        wait_until(lambda: "ready." in log.read_text(), what="the worker is ready", seconds=60)
        yield
    finally:
        fork_server.stop_worker(pid)


@pytest.fixture
def rest(transactional_db: None, worker: None, settings: Settings) -> Iterator[Rest]:
    """The rest of Bleep."""
    for name, value in UNPACED.items():  # a relay sends by itself what no worker takes
        setattr(settings, name, value)
    # Checks, expiry and whatever else a relay does beside its work: each of two hundred relays would begin with it.
    relay = Relay(lambda _stopping: Beside())
    yield Rest(relay)
    relay.close()
