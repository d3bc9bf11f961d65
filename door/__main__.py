"""Runs the front door: `python -m door`, as `deploy/entrypoint door` does."""

import asyncio
import contextlib
import json
import logging.config
import os
import signal
import ssl
import sys
from functools import partial
from pathlib import Path

from door.app import Door
from door.batching import Selector
from door.client.connection import Connection
from door.client.connections import Connections, listen
from door.client.tls import Handshake
from door.settings import (
    DRAIN_SECONDS,
    HOST,
    LOG_CONFIG,
    MAX_CONNECTIONS,
    PORT,
    TLS_CERTIFICATE,
    TLS_KEY,
    TLS_KEY_PASSWORD,
    unsafe,
)


def main() -> None:
    """Serve until SIGTERM."""
    if found := unsafe():
        sys.exit(
            f"The door listens on {HOST}, and {found}: that is for loopback alone (GRANIAN_HOST=127.0.0.1)."
        )
    _set_up_logging()
    _take_turns()
    door = Door()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector(door.pause))) as runner:
        runner.run(serve(door))


async def serve(door: Door) -> None:
    """Serve until SIGTERM or SIGINT, and then answer the requests that have begun."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    connections = Connections(MAX_CONNECTIONS)
    keys = _keys()

    def new() -> Connection:
        return Connection(door, connections)

    first = new if keys is None else partial(Handshake, keys, connections, new)
    server = await listen(first, HOST, PORT)
    await stopped.wait()
    server.close()
    for connection in connections:
        connection.close_soon()
    until = loop.time() + DRAIN_SECONDS
    while connections and loop.time() < until:
        await asyncio.sleep(0.05)


def _take_turns() -> None:
    """Let no packet interrupt a busy processor, so that several requests come at a time.

    This saves most switches between processes when there are the most requests. An idle processor still reacts at once.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _keys() -> ssl.SSLContext | None:
    if not TLS_CERTIFICATE:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS_CERTIFICATE, TLS_KEY or None, TLS_KEY_PASSWORD or None)
    return context


def _set_up_logging() -> None:
    if LOG_CONFIG:
        read = json.loads(Path(LOG_CONFIG).read_text())
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **read})
    else:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")


main()
