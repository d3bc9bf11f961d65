"""The door's settings, from the environment; docs/deployment.md describes them."""

import os
import resource
import sys
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any


@dataclass(frozen=True)
class Service:
    """A service behind the door."""

    name: str
    url: str
    """Its address: scheme, host and port."""
    max_body_bytes: int
    """The largest body that it takes."""
    max_buffered_bytes: int
    """How many bytes of requests the door keeps for it, whether incomplete or waiting."""
    seconds: float
    """How long it may take to answer, in seconds."""
    repeatable: bool
    """Whether sending the same request twice is as good as once."""


KIB = 1024
MIB = 1024 * KIB
HOST = os.environ.get("GRANIAN_HOST", "127.0.0.1")
PORT = int(os.environ.get("GRANIAN_PORT", "8000"))
BACKLOG = int(os.environ.get("GRANIAN_BACKLOG", "1024"))
TLS_CERTIFICATE = os.environ.get("GRANIAN_SSL_CERTIFICATE", "")
TLS_KEY = os.environ.get("GRANIAN_SSL_KEYFILE", "")
TLS_KEY_PASSWORD = os.environ.get("GRANIAN_SSL_KEYFILE_PASSWORD", "")
LOG_CONFIG = os.environ.get("GRANIAN_LOG_CONFIG", "")
"""A file with the input of `logging.config.dictConfig`."""
BODY_SECONDS = float(os.environ.get("BODY_SECONDS", "10"))
"""Seconds for a whole body to arrive."""
HEAD_SECONDS = int(os.environ.get("GRANIAN_HTTP1_HEADER_READ_TIMEOUT", "5000")) / 1000
"""Seconds for a head to arrive, and for a connection to be idle. Must be longer than the
idle time of a load balancer that keeps connections: otherwise it could use one that is being closed."""
MAX_HEAD_BYTES = 16 * KIB
MAX_HEADERS = 96
"""Headers in one head. The services take 100, of which the door adds three."""
MAX_INCOMPLETE_HEADS = 16 * MIB
"""Bytes of all incomplete heads together."""
MAX_PIPELINED = 16
"""Requests that one connection may have sent before the first of them is answered."""
MAX_STALLED = 128
"""How many clients may leave their answers unread. Beyond that, those that have read nothing for longest give way."""
SPARE_FILES = 256
"""File descriptors for everything but connections of clients and to services."""
MAX_CONNECTIONS = min(
    # With TLS each takes about 100 KB, however little it has sent.
    int(os.environ.get("GRANIAN_BACKPRESSURE", "2048" if TLS_CERTIFICATE else "16384")),
    max(1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES) // 2),
)
"""Open connections of clients, each of which may need another one to a service. Beyond that, those that have asked for
nothing for longest give way."""
DRAIN_SECONDS = float(os.environ.get("GRANIAN_WORKERS_KILL_TIMEOUT", "20"))
"""Seconds after SIGTERM for requests that have begun."""
CONNECT_SECONDS = 3.0
"""Seconds for a service to accept a connection."""
API = Service(
    name="api",
    url=os.environ.get("WEB_API_URL", "http://127.0.0.1:8002"),
    max_body_bytes=64 * KIB,  # as MAX_BODY in alerts/api/request_body/parsers.py
    max_buffered_bytes=32 * MIB,
    seconds=60,
    repeatable=True,  # the message_id makes it so
)
ADMIN = Service(
    name="admin",
    url=os.environ.get("WEB_ADMIN_URL", "http://127.0.0.1:8003"),
    max_body_bytes=6 * MIB,  # a file of the largest size that an import takes, and the form around it
    max_buffered_bytes=48 * MIB,
    seconds=300,
    repeatable=False,
)
PROBES = Service(
    name="probes",
    url=os.environ.get("WEB_PROBES_URL", "http://127.0.0.1:8004"),
    max_body_bytes=0,
    max_buffered_bytes=4 * MIB,
    seconds=10,
    repeatable=True,
)


def _networks(text: str) -> list[Any]:
    try:
        return [ip_network(each.strip()) for each in text.split(",") if each.strip()]
    except ValueError as error:
        sys.exit(f"TRUSTED_PROXIES must be addresses or networks, separated by commas: {error}.")


TRUSTED_PROXIES = _networks(os.environ.get("TRUSTED_PROXIES", "127.0.0.0/8,::1"))
"""The proxies that may say which client a request comes from, and whether it came over https."""


def is_address(text: str) -> bool:
    """Whether this is an address of IPv4 or IPv6."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache
def is_trusted(address: str) -> bool:
    """Whether this is the address of a proxy of ours."""
    if not is_address(address):
        return False
    found = ip_address(address)
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in TRUSTED_PROXIES)


_ON = frozenset({"true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})


def _is(name: str, words: frozenset[str]) -> bool:
    return os.environ.get(name, "").strip().lower() in words


def unsafe() -> str:
    """The settings of this environment that are allowed on this machine only, if others can reach the door; empty if
    none.
    """
    is_local = HOST == "localhost" or (is_address(HOST) and ip_address(HOST).is_loopback)
    found = {
        "LOCAL_MODE is on": _is("LOCAL_MODE", _ON),
        "DEBUG is on": _is("DEBUG", _ON),
        "HTTPS is off": _is("HTTPS", _OFF),
        "ALLOWED_HOSTS is *": "*" in os.environ.get("ALLOWED_HOSTS", "").replace(" ", "").split(","),
    }
    return "" if is_local else ", ".join(name for name, applies in found.items() if applies)


API_THREADS = int(os.environ.get("API_THREADS", "16"))
"""How many requests the API works on at once: the threads of all its processes."""
