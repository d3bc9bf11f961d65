"""Too many connections: who gives way, and what that costs."""

import asyncio
import select
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from door.client.connections import Claim, Connections, listen
from door.settings import MAX_STALLED
from tests.door.conftest import Door
from tests.door.test_http import OwnDoor
from tests.processes import ROOT, wait_until

HALF = b"POST /notification HTTP/1.1\r\nHost: bleep\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
STAFF = b"GET /admin/ HTTP/1.1\r\nHost: bleep\r\n\r\n"


class Waiting:
    """A connection, which counts how often it was looked at."""

    looks = 0

    def __init__(self, claim: Claim, deadline: float = 0.0) -> None:
        self._claim = claim
        self.deadline = deadline
        self.is_open = True

    @property
    def claim(self) -> Claim:
        Waiting.looks += 1
        return self._claim

    def abort(self) -> None:
        self.is_open = False

    def close_soon(self) -> None:
        self.is_open = False


def test_those_give_way_first_that_wait_for_least_and_have_waited_for_longest() -> None:
    order = [
        Waiting(Claim.IDLE, 1.0),
        Waiting(Claim.IDLE, 2.0),
        Waiting(Claim.INCOMPLETE, 1.0),
        Waiting(Claim.WAITS, 1.0),
        Waiting(Claim.IN_TURN, 0.0),
    ]
    connections = Connections(len(order))
    for each in reversed(order):
        connections.add(each)

    for number in range(4):
        assert connections.add(Waiting(Claim.IN_TURN))
        assert [each.is_open for each in order] == [place > number for place in range(5)]
    assert not connections.add(Waiting(Claim.IN_TURN))
    assert len(connections) == 5


@pytest.mark.parametrize("claim", [Claim.IDLE, Claim.IN_TURN])
def test_one_look_is_enough_for_all_that_come_at_once(claim: Claim) -> None:
    connections = Connections(800)
    for _ in range(800):
        connections.add(Waiting(claim))
    Waiting.looks = 0

    added = [connections.add(Waiting(Claim.IN_TURN)) for _ in range(100)]

    assert set(added) == {claim is Claim.IDLE}
    assert Waiting.looks == 800


def test_of_many_that_do_not_read_their_answers_those_give_way_that_have_not_for_longest() -> None:
    """Each takes memory, and what somebody without a token asks for may be large."""
    connections = Connections(2 * MAX_STALLED)
    first, second, *others = [Waiting(Claim.WAITS) for _ in range(MAX_STALLED + 1)]
    for each in (first, second, *others):
        connections.add(each)
        connections.stalls(each)
    assert [each.is_open for each in (first, second)] == [False, True]

    connections.moves(second)
    connections.stalls(first)
    assert second.is_open
    assert all(each.is_open for each in others)


@pytest.mark.parametrize("sent", [HALF, STAFF], ids=["half-sent", "staff"])
def test_an_alert_gets_in_though_no_connection_is_idle(
    door: Door, log_dir: Path, behind: str, sent: bytes
) -> None:
    own = OwnDoor(behind, log_dir, GRANIAN_BACKPRESSURE="16")
    with own.running, ExitStack() as stack:
        wait_until(own.listens, what="the door listens")
        door.service.seconds = 4.0
        held = []
        for number in range(16):
            held.append(stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=5)))
            held[-1].sendall(sent)
            if sent == STAFF:
                wait_until(lambda: len(door.service.requests) > number, what="it was passed on")  # noqa: B023
            else:
                assert held[-1].recv(100).startswith(b"HTTP/1.1 100 ")

        door.service.seconds = 0.0
        url = f"http://127.0.0.1:{own.port}/notification"
        assert requests.post(url, data=b"{}", timeout=5).status_code == 202
        readable, _, _ = select.select(held, [], [], 5)
        assert readable, "one has given way"


def test_few_are_accepted_at_a_time_and_the_others_wait() -> None:
    """What is under way goes on between them. Without a limit an alert waits seconds for a flood of strangers."""
    made: list[asyncio.BaseTransport] = []

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(transport)

    async def accept() -> int:
        server = await listen(Client, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        most = 0
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(socket.create_connection(address, timeout=5))
            while len(made) < 100:
                before = len(made)
                await asyncio.sleep(0)
                most = max(most, len(made) - before)
            for each in made:
                each.close()
        server.close()
        return most

    assert asyncio.run(asyncio.wait_for(accept(), 20)) < 50


def test_each_client_may_need_a_file_for_itself_and_one_for_a_service() -> None:
    assert 100 < most_connections("ulimit -n 700") < 350


def test_fewer_may_connect_with_tls_which_takes_more_memory() -> None:
    assert most_connections("ulimit -n $(ulimit -Hn); export GRANIAN_SSL_CERTIFICATE=cert.pem") <= 2048


def most_connections(first: str) -> int:
    """What the door takes at most where it is started after this."""
    ask = f"{first}; {sys.executable} -c 'from door.settings import MAX_CONNECTIONS as n; print(n)'"
    return int(subprocess.run(["sh", "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
