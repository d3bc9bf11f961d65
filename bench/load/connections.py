"""Load over many connections at once: each sends one alert after the other.

One process sends all of it, with `bench.load.http_client`: it shares two processors with the Bleep that it measures.
"""

import asyncio
import http
import json
import statistics
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

from bench.command import SHOW_EVERY, Progress
from bench.load.http_client import Answer, Clients
from bench.stack import Address

MAX_REPEATS = 50
REPEAT_SECONDS = 0.2
TIMEOUT = 10.0
PATH = "/notification"

Bodies = Sequence[Mapping[str, str]]


@dataclass
class LoadResult:
    """The answers to a load."""

    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    """The number of answers with each status, and of requests with `no answer`."""
    milliseconds: list[float] = field(default_factory=list)
    """How long each answer took."""

    def percentile(self, percent: int) -> float:
        """A percentile of the times of the answers, in milliseconds."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


class Load:
    """Sends to one address."""

    def __init__(self, address: Address, *, scheme: str = "Bearer") -> None:
        """`scheme` is the word before the token."""
        self._host, self._port, token = address
        self._headers = {"authorization": f"{scheme} {token}"}

    def post(self, shares: Sequence[Bodies]) -> LoadResult:
        """POST all shares at once, each over its own connection, one alert after the other."""
        posts = self._posts()
        return asyncio.run(posts.all([posts.one_by_one(_as_json(share)) for share in shares]))

    def post_steadily(self, bodies: Bodies, per_second: float) -> LoadResult:
        """POST this many a second, whether or not earlier ones were answered."""
        posts = self._posts()
        return asyncio.run(
            posts.all(
                [posts.later(number / per_second, body) for number, body in enumerate(_as_json(bodies))]
            )
        )

    def _posts(self) -> "_Posts":
        return _Posts(Clients(self._host, self._port, self._headers, timeout=TIMEOUT))


def spread(bodies: Bodies, connections: int) -> list[Bodies]:
    """The bodies, divided among `connections`."""
    return [bodies[number::connections] for number in range(connections)]


class _Posts:
    """The POSTs of one load."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._result = LoadResult()

    async def all(self, work: Sequence[Coroutine[None, None, None]]) -> LoadResult:
        """Send everything at once, and report progress."""
        began, progress = time.monotonic(), Progress()
        left = {asyncio.ensure_future(each) for each in work}
        while left:
            done, left = await asyncio.wait(left, timeout=SHOW_EVERY)
            for each in done:
                each.result()
            progress.show(f"{len(self._result.milliseconds)} POSTs answered")
        self._result.seconds = time.monotonic() - began
        await self._clients.close()
        return self._result

    async def one_by_one(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            await self._post(body)

    async def later(self, seconds: float, body: bytes) -> None:
        await asyncio.sleep(seconds)
        await self._post(body)

    async def _post(self, body: bytes) -> None:
        began = time.monotonic()
        try:
            kind = str((await self._until_taken(body)).status)
        except OSError:
            kind = "no answer"
        self._result.answers[kind] += 1
        self._result.milliseconds.append((time.monotonic() - began) * 1000)

    async def _until_taken(self, body: bytes) -> Answer:
        """Send again while Bleep is too busy, as senders do. The time of the answer counts from the first try."""
        answer = await self._clients.post(PATH, body)
        for _ in range(MAX_REPEATS):
            if answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(REPEAT_SECONDS)
            answer = await self._clients.post(PATH, body)
        return answer


def _as_json(bodies: Bodies) -> list[bytes]:
    return [json.dumps(body).encode() for body in bodies]
