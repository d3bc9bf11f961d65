"""The TLS handshake with a client, before it can send a request.

asyncio's own servers do it too, but report no connection before the handshake is over. So clients could stop in the
middle of it, as many as the system allows, and none would give way.
"""

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Callable

from door.client.connections import Claim, Connections
from door.settings import HEAD_SECONDS, KIB

sslproto.SSLProtocol.max_size = 16 * KIB
"""Bytes that asyncio's buffer for reading has for each connection: 256 KiB by default. TLS sends 16 KiB at a time at
most."""
NewConnection = Callable[[], asyncio.BufferedProtocol]


class Handshake(asyncio.Protocol):
    """A client during the handshake. It counts as a connection that has asked for nothing, until another protocol takes
    it over.
    """

    claim = Claim.IDLE
    deadline = 0.0

    def __init__(self, keys: ssl.SSLContext, others: Connections, then: NewConnection) -> None:
        self._keys = keys
        self._others = others
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._early = bytearray()
        """Bytes that came with the last of the handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self.deadline = self._loop.time() + HEAD_SECONDS
        if self._others.add(self):
            self._task = self._loop.create_task(self._agree())
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        self._early += data

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def close_soon(self) -> None:
        """End it: nothing was asked, so there is no answer to wait for."""
        self.abort()

    async def _agree(self) -> None:
        try:
            encrypted = await self._loop.start_tls(
                self._transport, self, self._keys, server_side=True, ssl_handshake_timeout=HEAD_SECONDS
            )
        except OSError:  # it took too long, left, or does not speak TLS
            return
        finally:
            self._others.discard(self)
        if encrypted is not None:  # None if the connection ended meanwhile
            self._hand_over(encrypted)

    def _hand_over(self, encrypted: asyncio.Transport) -> None:
        connection = self._then()
        encrypted.set_protocol(connection)
        connection.connection_made(encrypted)
        while self._early and not encrypted.is_closing():
            buffer = memoryview(connection.get_buffer(len(self._early)))
            part = self._early[: len(buffer)]
            del self._early[: len(part)]
            buffer[: len(part)] = part
            connection.buffer_updated(len(part))
