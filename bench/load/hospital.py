"""The hospital systems of `make chaos`: they send each alert until it is accepted."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from bench.load.people import Person, alert
from bench.load.sender import AlertSender
from bench.stack import Address

PER_SECOND = 8.0
SENDERS = 8
AGAIN = 0.12
"""The share of the alerts that is sent twice on purpose."""
RETRY_PAUSE = 0.3
"""Seconds, far fewer than Bleep asks for in `Retry-After`."""
BURST_PAUSE = (1.0, 3.0)
"""Seconds. A burst of a hundred that repeated after `RETRY_PAUSE` would take the whole machine."""
SEND_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE)
"""Answers after which the same request is sent again, as docs/api.md says. Nothing here should lead to other errors."""


@dataclass(frozen=True)
class Order:
    """An alert to send, `at` seconds after the start."""

    at: float
    body: dict[str, str]


@dataclass
class HospitalSystems:
    """The hospital systems. They send every order until it is accepted, always with the same content."""

    orders: Sequence[Order]
    address: Address
    taken: set[str] = field(default_factory=set)
    firsts: Counter[str] = field(default_factory=Counter)
    """How many answers said that an alert was new, by its key."""
    odd: list[str] = field(default_factory=list)
    """Unexpected answers, as sentences."""
    retries: int = 0

    def __post_init__(self) -> None:
        self.wanted = {order.body["message_id"] for order in self.orders}
        """The keys of all alerts that Bleep has to accept."""
        self._next = iter(self.orders)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._began = self._until = 0.0

    def start(self, seconds: float) -> None:
        """Begin to send. All retries end after so many seconds."""
        self._began = time.monotonic()
        self._until = self._began + seconds
        self._run([threading.Thread(target=self._work, daemon=True) for _ in range(SENDERS)])

    @property
    def done(self) -> bool:
        """Whether everything has been sent."""
        return not any(thread.is_alive() for thread in self._threads)

    def burst(self, bodies: Sequence[Mapping[str, str]]) -> None:
        """Send more alerts, all at once: each over its own connection, and again until it is accepted."""
        self.wanted |= {body["message_id"] for body in bodies}
        self._run([threading.Thread(target=self._send_alone, args=(body,), daemon=True) for body in bodies])

    def _run(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.start()
        self._threads += threads

    def _send_alone(self, body: Mapping[str, str]) -> None:
        sender = AlertSender(*self.address)
        self._send(sender, body, random.uniform(*BURST_PAUSE))
        sender.close()

    def _work(self) -> None:
        sender = AlertSender(*self.address)
        while (order := self._take()) is not None:
            time.sleep(max(0.0, self._began + order.at - time.monotonic()))
            self._send(sender, order.body, RETRY_PAUSE)
        sender.close()

    def _take(self) -> Order | None:
        with self._lock:
            return next(self._next, None)

    def _send(self, sender: AlertSender, body: Mapping[str, str], pause: float) -> None:
        key = body["message_id"]
        while time.monotonic() < self._until:
            try:
                answer = sender.post(body)
            except (OSError, http.client.HTTPException):
                answer = None
            with self._lock:
                if answer is not None and answer.stored:
                    self.taken.add(key)
                    self.firsts[key] += not answer.replayed
                    return
                if answer is not None and answer.status not in SEND_AGAIN:
                    self.odd.append(f"{key}: answered with {answer.status}.")
                    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                        return
                self.retries += 1
            time.sleep(pause)


def orders(seconds: float, people: Sequence[Person], dice: random.Random, seed: int) -> list[Order]:
    """The alerts of a run by time, some of them twice."""
    made: list[Order] = []
    for number in range(int(seconds * PER_SECOND)):
        at = dice.uniform(0.0, seconds)
        body = alert(f"C{seed}-{number}", dice.choice(people).contact_id, dice.choice("HHMML"))
        made.append(Order(at, body))
        if dice.random() < AGAIN:
            made.append(Order(at + dice.choice((0.0, 0.0, dice.uniform(0.0, 5.0))), body))
    return sorted(made, key=lambda order: order.at)
