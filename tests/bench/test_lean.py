"""The lean HTTP clients of a benchmark: what they take for an answer, and for none."""

import asyncio

import pytest

from bench.load.http_client import Answer, Clients

STORED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


async def outcome(clients: Clients) -> Answer | str:
    """The answer to a request, or the name of the error."""
    try:
        return await clients.post("/notification", b"{}")
    except OSError as error:
        return type(error).__name__


def ask(*answers: bytes, pieces: int = 1, once: bool = False) -> list[Answer | str]:
    """What clients take these answers for; each comes in pieces, and an empty one closes the connection.

    `once`: a connection answers one request only.
    """

    async def run() -> list[Answer | str]:
        left, connections = list(answers), []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(writer)
            while await reader.readuntil(b"{}"):
                answer = left.pop(0)
                if not answer:
                    writer.close()
                    return
                size = -(-len(answer) // pieces)
                for start in range(0, len(answer), size):
                    writer.write(answer[start : start + size])
                    await writer.drain()
                    await asyncio.sleep(0.001)
                if once:
                    return

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            clients = Clients("127.0.0.1", server.sockets[0].getsockname()[1], {}, timeout=0.2)
            found = [await outcome(clients) for _ in answers]
            for each in connections:
                each.close()
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("pieces", [1, 3, 40])
def test_an_answer_is_its_status_and_when_to_come_again(pieces: int) -> None:
    answers = ask(STORED, BUSY, CHUNKED, pieces=pieces)

    assert [answer[:2] for answer in answers] == [(202, 0.0), (503, 2.0), (200, 0.0)]


@pytest.mark.parametrize(
    ("nothing", "error"),
    [
        (b"", "ConnectionError"),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\n{}", "TimeoutError"),
        (b"HTTP/1.1 202 Accepted\r\n\r\n", "ConnectionError"),
    ],
    ids=["closed", "incomplete", "of unknown length"],
)
def test_half_an_answer_is_none_and_the_next_request_has_another_connection(
    nothing: bytes, error: str
) -> None:
    assert ask(nothing, STORED) == [error, Answer(202, 0.0, b"{}")]


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(STORED, STORED, once=True)[1] == "TimeoutError"

    monkeypatch.setattr("bench.load.http_client.IDLE_SECONDS", 0.0)
    assert ask(STORED, STORED, once=True)[1] == Answer(202, 0.0, b"{}")
