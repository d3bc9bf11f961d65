"""The floor: pgbench stores the same rows in Bleep's tables, in the six round trips that this takes without tricks.

BEGIN, the token, the clinician with the first channel, the alert, its delivery, COMMIT. pgbench is written in C and
does nothing else, so no program that takes these steps can be faster.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.load.people import Person
from bench.stack import Stack, StackError
from clients import sample

THREADS = 2
RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
DONE = re.compile(r"^number of failed transactions: 0 ", re.MULTILINE)

SCRIPT = Path(__file__).with_name("floor.sql")


class Floor:
    """pgbench against the database of a stack."""

    def __init__(
        self, stack: Stack, people: Sequence[Person], *, name: str = "floor", priorities: str = "HML"
    ) -> None:
        """`people` have contact IDs without a gap. A message_id begins with `name-`; `priorities` are three letters."""
        self._stack = stack
        [(digest,)] = stack.rows("SELECT digest FROM clients_apitoken")
        self._variables = {
            "first": str(people[0].number),
            "last": str(people[-1].number),
            "name": name,
            "priorities": priorities,
            "digest": digest,
            "type": sample.ALERT["type"],
            "description": sample.ALERT["description"],
        }

    def rate(self, *, clients: int, transactions: int) -> float:
        """Alerts stored in a second. Raises StackError if any was not."""
        done = subprocess.run(
            [
                *self._command(clients),
                f"--transactions={max(1, transactions // clients)}",
                self._stack.postgres.url,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        found = RATE.search(done.stdout)
        if done.returncode or not found or not DONE.search(done.stdout):
            raise StackError(
                f"pgbench did not store all alerts: {done.stderr.strip() or done.stdout.strip()}"
            )
        return float(found[1])

    def _command(self, clients: int) -> Sequence[str | Path]:
        options = {
            "client": clients,
            "jobs": min(THREADS, clients),
            "protocol": "prepared",
            "file": SCRIPT,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        given += [f"--define={name}={value}" for name, value in self._variables.items()]
        return [self._stack.postgres.client("pgbench"), "--no-vacuum", *given]
