"""The front door's ASGI application: `granian --interface asgi door.app:application`."""

import asyncio
import json
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any

if threading.current_thread() is threading.main_thread():
    # As in config/wsgi.py: until it serves, this process has a handler of SIGTERM that does nothing.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

import aiohttp

from door import errors
from door.admission import Admission
from door.body import Bodies, Receive
from door.refusals import Refusals
from door.senders import Senders
from door.settings import ADMIN, API, API_THREADS, PROBES, Service
from door.upstream import Upstream, response_headers, unavailable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

BODY = "http.response.body"


class ClientDisconnected(Exception):
    """The client has disconnected, so nobody reads the response."""


class Door:
    """One door: its connections to the services, and its queue."""

    def __init__(self) -> None:
        self._upstream = Upstream()
        self._admission = Admission(API_THREADS)
        self._refusals = Refusals()
        self._senders = Senders()
        self._bodies = {service.name: Bodies(service) for service in (API, ADMIN, PROBES)}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        path = scope["path"]
        if path == "/healthz":
            await self._show_health(send)
            return
        service = service_for(path)
        try:
            if path == "/metrics" or not path.startswith("/"):  # `OPTIONS *`
                raise errors.NotFound
            async with self._bodies[service.name].read(receive) as body:
                if service is API:
                    await self._in_turn(scope, receive, send, body)
                else:
                    await self._pass_on(service, scope, send, body)
        except errors.Refusal as refusal:
            kind, answer = errors.body_of(refusal, api=service is API)
            self._note(scope, refusal.status, answer)
            await _refuse(send, refusal, kind, answer)
        except ClientDisconnected:
            return

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        """The turn ends when the API has answered, however slowly the client reads."""
        known = self._senders.knows(scope["headers"])
        await unless_disconnected(receive, self._admission.enter(body, known=known))
        try:
            async with self._forward(API, scope, body) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable(API, error) from error
        finally:
            self._admission.leave()
        self._senders.note(scope["headers"], response.status)
        self._note(scope, response.status, answer)
        await send(_start(response))
        await send({"type": BODY, "body": answer, "more_body": False})

    def _note(self, scope: Scope, status: int, answer: bytes) -> None:
        if (
            status >= HTTPStatus.INTERNAL_SERVER_ERROR
            and is_alert(scope)
            and self._senders.knows(scope["headers"])
        ):
            self._refusals.note(answer)

    async def _show_health(self, send: Send) -> None:
        refused = self._refusals.shown()
        shown = {"status": "ok"} if refused is None else {"status": "ok", "refused": refused}
        await _respond(send, 200, [(b"content-type", b"application/json")], json.dumps(shown).encode())

    async def _pass_on(self, service: Service, scope: Scope, send: Send, body: bytes) -> None:
        async with self._forward(service, scope, body) as response:
            await send(_start(response))
            try:
                async for part in response.content.iter_any():
                    await send({"type": BODY, "body": part, "more_body": True})
            except (aiohttp.ClientError, TimeoutError) as error:
                unavailable(service, error)
                return  # the client gets less than was announced, and sees that something is missing
            await send({"type": BODY, "body": b"", "more_body": False})

    def _forward(
        self, service: Service, scope: Scope, body: bytes
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._upstream.answer(service, scope["method"], _target(scope), _headers(scope), body)

    async def close(self) -> None:
        """Close the connections to the services."""
        await self._upstream.close()


def service_for(path: str) -> Service:
    """The service that answers at a path."""
    if path in {"/notification", "/intake-check"} or path.startswith("/notification/"):
        return API
    return PROBES if path == "/readyz" else ADMIN


def is_alert(scope: Scope) -> bool:
    """Whether a request sends an alert."""
    return (scope["method"], scope["path"].rstrip("/")) == ("POST", "/notification")


async def unless_disconnected(receive: Receive, entering: Coroutine[Any, Any, None]) -> None:
    """Wait for a turn. Raises ClientDisconnected if the client goes first: then nothing was begun."""
    turn = asyncio.create_task(entering)
    await asyncio.sleep(0)
    if turn.done():
        turn.result()
        return
    left = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({turn, left}, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            raise ClientDisconnected
        turn.result()
    finally:
        left.cancel()
        if not turn.done():
            turn.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(response: aiohttp.ClientResponse) -> Message:
    return {"type": "http.response.start", "status": response.status, "headers": response_headers(response)}


def _target(scope: Scope) -> str:
    """Path and query as they came."""
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers as they came. If the door itself ends TLS, it sets X-Forwarded-Proto."""
    headers = list(scope["headers"])
    if scope["scheme"] != "https":
        return headers
    others = [(name, value) for name, value in headers if name != b"x-forwarded-proto"]
    return [*others, (b"x-forwarded-proto", b"https")]


async def _refuse(send: Send, refusal: errors.Refusal, kind: bytes, body: bytes) -> None:
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
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        if _door is None:
            _door = Door()
        await _door.handle(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        if kind == "lifespan.shutdown" and _door is not None:
            await _door.close()
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
