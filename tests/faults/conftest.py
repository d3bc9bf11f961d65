"""Processes that die on demand, and the rest of Bleep, which has to make up for it."""

import json
import os
import subprocess
import sys
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
from alerts.relay.loop import Relay
from alerts.states import UNFINISHED, DeliveryState
from tests.environment import database_url
from tests.faults.crash import Crash
from tests.processes import ROOT, running, stop, wait_until

ROUNDS = 6
"""More looks of the relay than any story here needs."""
LONG_AGO = timedelta(hours=1)
KILLED = -9
UNPACED = {"CONNECT_CALLS_PER_SECOND": 1000, "SMS_PER_SECOND": 10_000}
"""No budget of a channel is to slow two hundred stories down."""
BACK = Q(state=DeliveryState.PENDING, handed_over_at=None)
"""Waits for the relay's next look."""


class Nursery:
    """Makes processes of Bleep that die at a step; see `tests.faults.nursery`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def kill(self, crash: Crash, deed: str, **told: Any) -> None:
        """Have a process do a deed and die at a step of it; a step that is not reached is an error."""
        assert self._process.stdin is not None
        order = {"crash": asdict(crash), "deed": deed, "told": told}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self.answer())
        assert code == KILLED, f"{deed} did not die at {crash}: exit code {code}"

    def answer(self) -> str:
        """The next line that the nursery says."""
        assert self._process.stdout is not None
        return str(self._process.stdout.readline()).strip()


class Rest:
    """The rest of Bleep, in good health: a relay that ticks when it is told to, and a real worker."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def finish(self) -> None:
        """Let it work until every delivery has ended. Nobody sleeps: whatever waits for a time has it moved to now."""
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

    def hear_of(self, delivery: Delivery) -> None:
        """Let it ask what became of an accepted message, whose time to be asked for is moved to now."""
        accepted = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENT)
        accepted.update(outcome_due_at=Now())
        self.relay.tick()
        wait_until(lambda: not accepted.exists(), what="it is known what became of the message")


def let_leases_run_out() -> None:
    """As if every worker that holds a delivery had been silent for longer than its lease."""
    held = Delivery.objects.filter(state=DeliveryState.SENDING)
    held.update(lease_expires_at=Now() - timedelta(seconds=1))


@pytest.fixture(scope="module")
def environment(django_db_setup: None, aws_server: str) -> dict[str, str]:
    """What processes are told of the tests' database and of the budgets."""
    return {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        **{name: str(value) for name, value in UNPACED.items()},
    }


@contextmanager
def _nursery(environment: dict[str, str], log_dir: Path) -> Iterator[Nursery]:
    with (log_dir / "nursery.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            made = Nursery(process)
            assert made.answer() == "ready"
            yield made
        finally:
            stop(process)  # type: ignore[arg-type]
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


@pytest.fixture(scope="module")
def nursery(environment: dict[str, str], log_dir: Path) -> Iterator[Nursery]:
    """Makes processes that die."""
    with _nursery(environment, log_dir) as made:
        yield made


@pytest.fixture(scope="module")
def worker(environment: dict[str, str], log_dir: Path) -> Iterator[None]:
    """A real worker. Only for as long as the module's tests run: it would take other tests' deliveries."""
    with running("faults-worker", [str(ROOT / "deploy" / "entrypoint"), "worker"], environment, log_dir):
        log = log_dir / "faults-worker.log"
        wait_until(lambda: "ready." in log.read_text(), what="the worker is ready", seconds=60)
        yield


@pytest.fixture
def rest(transactional_db: None, worker: None, settings: Settings) -> Iterator[Rest]:
    """The rest of Bleep."""
    for name, value in UNPACED.items():  # a relay sends by itself what no worker takes
        setattr(settings, name, value)
    relay = Relay()
    yield Rest(relay)
    relay.close()
