"""The request as a service gets it: without headers that were for the door alone, and with the client's address."""

from typing import Protocol

from door.answers import Headers
from door.client.reader import Request
from door.settings import is_address, is_trusted

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers that are for the next hop only (RFC 9110, 7.6.1), and the length, which is set again."""
FORWARDED_FOR, FORWARDED_PROTO = b"x-forwarded-for", b"x-forwarded-proto"
SAID_BY_PROXIES = frozenset(
    {FORWARDED_FOR, FORWARDED_PROTO, b"forwarded", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip"}
)
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Client(Protocol):
    """The client that sent a request to the door."""

    is_https: bool
    address: str


def message_of(request: Request, client: Client) -> bytes:
    """The request as the service gets it: whole, with its length.

    Drops header names with an underscore as well: WSGI cannot tell them from names with a dash. The door itself adds
    the headers that say where the request comes from.
    """
    body = request.body.content
    lines = [b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.target.encode("latin-1"))]
    said: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        if name in SAID_BY_PROXIES:
            said.setdefault(name, []).append(value)
        elif name not in HOP_BY_HOP and b"_" not in name:
            lines.append(b"%b: %b\r\n" % (name, value))
    lines += [b"%b: %b\r\n" % header for header in _said_of(client, said)]
    if body or request.method in WITH_BODY:
        lines.append(b"content-length: %d\r\n" % len(body))
    return b"".join([*lines, b"\r\n", body])


def _said_of(client: Client, said: dict[bytes, list[bytes]]) -> Headers:
    """Where a request comes from: one address, and whether it came over https, as far as proxies of ours say so.

    Each proxy writes the address of its own peer behind those that it got, so only the last ones can be relied on.
    """
    address, is_https = client.address, client.is_https
    if is_trusted(address):
        is_https = is_https or said.get(FORWARDED_PROTO, [])[-1:] == [b"https"]
        hops = b",".join(said.get(FORWARDED_FOR, [])).decode("latin-1").split(",")
        while is_trusted(address) and is_address(hop := hops.pop().strip() if hops else ""):
            address = hop
    return [(FORWARDED_FOR, address.encode()), (FORWARDED_PROTO, b"https" if is_https else b"http")]
