"""Load over many connections at once, from several processes, so that its own work does not slow it down."""

import http.client
import multiprocessing
import signal
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from types import TracebackType
from typing import Self

from bench.command import SHOW_EVERY, Progress
from bench.load.sender import AlertSender, Answer
from bench.stack import Address, Stack

PROCESSES = 2
REPEAT_SECONDS = 0.2
MAX_REPEATS = 50
HEAD_START = 0.2
"""Seconds that all processes wait, so that they start together."""

Bodies = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class LoadResult:
    """The answers to a load."""

    seconds: float
    answers: Counter[str]
    """How many answers of each kind: `202`, `200 replayed`, `no answer`, …"""
    milliseconds: list[float]
    """How long each answer took."""

    def percentile(self, percent: int) -> float:
        """A percentile of the times of the answers, in milliseconds."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


class Load:
    """Processes that send. `with Load(stack) as load:` starts them; they end with the block."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        context = multiprocessing.get_context("spawn")  # no fork: this process has threads
        self._answered = context.Value("L", 0)
        self._pool = ProcessPoolExecutor(PROCESSES, context, _begin, (self._answered,))

    def __enter__(self) -> Self:
        for warm in [self._pool.submit(_post_all, self._stack.address, [], 0.0) for _ in range(PROCESSES)]:
            warm.result(timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error, do not wait for requests: they fail when the server stops.
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def post(self, shares: Sequence[Bodies]) -> LoadResult:
        """POST all shares at once, each over its own connection, one alert after the other."""
        self._answered.value = 0
        at = time.monotonic() + HEAD_START
        work = [
            self._pool.submit(_post_all, self._stack.address, [*shares[number::PROCESSES]], at)
            for number in range(PROCESSES)
        ]
        progress = Progress()
        while wait(work, timeout=SHOW_EVERY).not_done:
            progress.show(f"{self._answered.value} of {sum(map(len, shares))} POSTs answered")
        answers: Counter[str] = Counter()
        took: list[float] = []
        for done in work:
            for kind, seconds in done.result():
                answers[kind] += 1
                took.append(seconds * 1000)
        return LoadResult(time.monotonic() - at, answers, took)


def spread(bodies: Bodies, connections: int) -> list[Bodies]:
    """The bodies, divided among `connections`."""
    return [bodies[number::connections] for number in range(connections)]


_answered: "Synchronized[int]"
"""In a process of the pool: how many POSTs have been answered, over all processes."""


def _begin(answered: "Synchronized[int]") -> None:
    global _answered  # noqa: PLW0603 - a pool's initializer can pass a value no other way
    _answered = answered
    # Ctrl-C reaches every process at the terminal; the parent ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _post_all(address: Address, shares: Sequence[Bodies], at: float) -> list[tuple[str, float]]:
    """In a process of the pool: a thread for each share."""
    if not shares:
        return []
    with ThreadPoolExecutor(len(shares)) as threads:
        # `time.monotonic` is the same in all processes of a machine.
        results = threads.map(lambda share: _post_share(address, share, at), shares)
        return [each for result in results for each in result]


def _post_share(address: Address, share: Bodies, at: float) -> list[tuple[str, float]]:
    sender = AlertSender(*address)
    time.sleep(max(0.0, at - time.monotonic()))
    answers = []
    for body in share:
        began = time.monotonic()
        try:
            answer = _until_taken(sender, body)
            kind = f"{answer.status} replayed" if answer.replayed else str(answer.status)
        except (OSError, http.client.HTTPException):
            kind = "no answer"
        answers.append((kind, time.monotonic() - began))
        with _answered:
            _answered.value += 1
    sender.close()
    return answers


def _until_taken(sender: AlertSender, body: Mapping[str, str]) -> Answer:
    """Send again while Bleep is too busy, as senders do; the time of the answer counts from the first try."""
    answer = sender.post(body)
    for _ in range(MAX_REPEATS):
        if answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
            break
        time.sleep(REPEAT_SECONDS)
        answer = sender.post(body)
    return answer
