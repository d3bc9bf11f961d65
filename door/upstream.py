"""Passes a whole request on to a service, and the service's answer back."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from door.errors import Unavailable
from door.settings import CONNECT_SECONDS, Service

log = logging.getLogger(__name__)

Headers = Iterable[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are for the next hop only (RFC 9110, 7.6.1), and the length, which is set again."""
SET_BY_THE_DOOR = frozenset({"date", "server"})
NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Upstream:
    """Connections to the services."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=NOT_ADDED,
        )

    @asynccontextmanager
    async def answer(
        self, service: Service, method: str, target: str, headers: Headers, body: bytes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the service's response, whose body is read in the block.

        Raises Unavailable if there is none. A request that is repeatable is sent a second time if its connection ends.
        """
        tries = 2 if service.repeatable else 1
        for left in reversed(range(tries)):
            try:
                response = await self._session.request(
                    method,
                    URL(f"{service.url}{target}", encoded=True),
                    headers=_request_headers(headers),
                    data=body or (b"" if method in {"POST", "PUT", "PATCH"} else None),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=service.seconds),
                )
            except (aiohttp.ClientError, TimeoutError) as error:
                if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError) and left:
                    continue
                raise unavailable(service, error) from error
            async with response:
                yield response
            return

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def unavailable(service: Service, error: Exception) -> Unavailable:
    """The refusal for a service that did not answer, or broke off; the log says which, and why."""
    log.warning("door.unavailable: web-%s: %s", service.name, type(error).__name__)
    return Unavailable(repeatable=service.repeatable)


def _request_headers(headers: Headers) -> CIMultiDict[str]:
    """Drops names with an underscore as well: WSGI cannot tell them from names with a dash."""
    return CIMultiDict(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if b"_" not in name and name.decode("latin-1").lower() not in HOP_BY_HOP
    )


def response_headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    """The headers of a service's response for the client."""
    kept = [
        (name.lower(), value)
        for name, value in response.raw_headers
        if name.decode("latin-1").lower() not in HOP_BY_HOP | SET_BY_THE_DOOR
    ]
    length = response.headers.get("Content-Length")
    return [*kept, (b"content-length", length.encode())] if length is not None else kept
