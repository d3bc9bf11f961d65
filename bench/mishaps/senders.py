"""Hospital systems: some send half a request and stop, and all send at once."""

import contextlib
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice

from bench.load.people import Person, alert
from bench.stack import Stack

HALF_SENT = 40
"""Connections."""
CONNECT_SECONDS = 2.0
BURST = 150
"""Alerts at once, which is more than Bleep answers in the second or two that a request may wait."""
HEAD = b"POST /notification HTTP/1.1\r\nHost: bleep\r\nContent-Type: application/json\r\n"
HALVES = (
    HEAD + b'Content-Length: 300\r\n\r\n{"message_id": "half',
    HEAD + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"message_id":',
)

Bodies = Sequence[Mapping[str, str]]


class Senders:
    """The mishaps of hospital systems. `send` sends alerts at once, until each is accepted."""

    def __init__(
        self, stack: Stack, people: Sequence[Person], seed: int, send: Callable[[Bodies], None]
    ) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "half-send": self._half_send,
            "hang-up": self._hang_up,
            "burst": self._burst,
        }
        self._stack = stack
        self._people = people
        self._seed = seed
        self._send = send
        self._dice = random.Random(seed)
        self._bursts = 0
        self._connections: list[socket.socket] = []

    def undo(self) -> None:
        """Repair: close all connections."""
        self._hang_up("any")

    def _half_send(self, _name: str) -> None:
        """Send the head and some bytes of the body over many connections, and then nothing."""
        for half in islice(cycle(HALVES), HALF_SENT):
            with contextlib.suppress(OSError):
                address = (self._stack.host, self._stack.port)
                connection = socket.create_connection(address, CONNECT_SECONDS)
                self._connections.append(connection)
                connection.sendall(half)

    def _hang_up(self, _name: str) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _burst(self, _name: str) -> None:
        self._bursts += 1
        self._send(
            [
                alert(
                    f"C{self._seed}-burst-{self._bursts}-{number}",
                    self._dice.choice(self._people).contact_id,
                    self._dice.choice("HHMML"),
                )
                for number in range(BURST)
            ]
        )
