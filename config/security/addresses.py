"""The address of a client, as the front door and trusted proxies give it, and whether an address is this machine's."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def of_client(request: HttpRequest) -> str:
    """The client's address; empty if it is not known.

    The front door adds the address of its peer at the end of `X-Forwarded-For`. If that peer is a trusted proxy
    (TRUST_PROXY), the address before it is the one that the proxy saw. Anybody may have sent the addresses further
    left.
    """
    seen = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if settings.TRUST_PROXY and len(seen) > 1:
        del seen[-1]
    return _valid(seen[-1]) or _valid(request.META.get("REMOTE_ADDR", ""))


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address is a loopback one, which no other machine can reach."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _valid(text: str) -> str:
    """The address in its normal form, without the port that some proxies add; empty for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""
