"""Free loopback ports."""

import contextlib
import random
import socket
from collections.abc import Sequence

from sandbox.services.server import ServiceError

SERVERS = range(20000, 32000)
"""Below the range for outgoing connections: within it, a client of a stopped server can connect to itself, and then
holds the port that the server needs for its restart."""
TRIES = 100


def free_port(among: Sequence[int] = SERVERS, *, adjacent: int = 1) -> int:
    """A free port, the first of `adjacent` free ones in a row. Raises ServiceError after a hundred tries."""
    for port in random.sample(among, k=min(TRIES, len(among))):
        if all(map(_is_free, range(port, port + adjacent))):
            return port
    which = "port is" if adjacent == 1 else f"{adjacent} ports in a row are"
    raise ServiceError(f"No {which} free on 127.0.0.1 from {among[0]} on: stop what uses them.")


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return True
    return False
