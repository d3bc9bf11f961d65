"""The way in: `granian --interface asgi door.app:application`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from door import errors
from door.admission import Admission
from door.settings import ADMIN, API, API_THREADS, BODY_SECONDS, PROBES, Service
from door.upstream import Upstream, passed_back

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ALIVE = b'{"status": "ok"}'
BODY = "http.response.body"


class ClientLeftError(Exception):
    """Nobody waits for the answer."""


class Door:
    """One door: its connections to the services, and its queue."""

    def __init__(self) -> None:
        self._upstream = Upstream()
        self._admission = Admission(API_THREADS)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        path = scope["path"]
        if path == "/healthz":
            await _respond(send, 200, [(b"content-type", b"application/json")], ALIVE)
            return
        service = service_for(path)
        try:
            if path == "/metrics":
                raise errors.NotFound
            body = await read(receive, service.most_bytes)
            if service is API:
                await self._in_turn(scope, receive, send, body)
            else:
                await self._pass_on(service, scope, send, body)
        except errors.Refusal as refusal:
            await _refuse(send, refusal, api=service is API)
        except ClientLeftError:
            return

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        await unless_left(receive, self._admission.enter(body))
        try:
            await self._pass_on(API, scope, send, body)
        finally:
            self._admission.leave()

    async def _pass_on(self, service: Service, scope: Scope, send: Send, body: bytes) -> None:
        headers = [*scope["headers"], *_scheme(scope)]
        async with self._upstream.answer(service, scope["method"], _target(scope), headers, body) as response:
            start = {"type": "http.response.start", "status": response.status}
            await send({**start, "headers": passed_back(response)})
            async for part in response.content.iter_any():
                await send({"type": BODY, "body": part, "more_body": True})
            await send({"type": BODY, "body": b"", "more_body": False})

    async def close(self) -> None:
        """Close the connections to the services."""
        await self._upstream.close()


def service_for(path: str) -> Service:
    """The service that answers at a path."""
    if path == "/notification" or path.startswith("/notification/"):
        return API
    return PROBES if path == "/readyz" else ADMIN


async def read(receive: Receive, most_bytes: int) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyIncomplete or BodyCut."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise errors.BodyCut
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most_bytes:
                    raise errors.BodyTooLarge(most_bytes)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise errors.BodyIncomplete(BODY_SECONDS) from None


async def unless_left(receive: Receive, entering: Coroutine[Any, Any, None]) -> None:
    """Wait for a turn. Raises ClientLeftError if the client leaves first: then there is nothing to begin."""
    turn = asyncio.create_task(entering)
    await asyncio.sleep(0)
    if turn.done():
        turn.result()
        return
    left = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({turn, left}, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            raise ClientLeftError
        turn.result()
    finally:
        left.cancel()
        if not turn.done():
            turn.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _target(scope: Scope) -> str:
    """Path and query as they came."""
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _scheme(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Where the door itself ends TLS, the services learn that the request came over it."""
    return [(b"x-forwarded-proto", b"https")] if scope.get("scheme") == "https" else []


async def _refuse(send: Send, refusal: errors.Refusal, *, api: bool) -> None:
    kind, body = errors.body_of(refusal, api=api)
    headers = [(b"content-type", kind)]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    if refusal.closes:
        headers.append((b"connection", b"close"))
    await _respond(send, refusal.status, headers, body)


async def _respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": BODY, "body": body, "more_body": False})


_door: Door | None = None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    global _door  # noqa: PLW0603 - one for the process; it needs the running loop
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        if _door is None:
            _door = Door()
        await _door.handle(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        if kind == "lifespan.shutdown" and _door is not None:
            await _door.close()
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
