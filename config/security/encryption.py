"""Whether connections to PostgreSQL, Redis and AWS are encrypted, and prove that the server is the right one.

Libraries read an address differently: Django and libpq disagree if an option is there twice. So an address has to be
safe in every reading.
"""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from config.security import addresses

CHECKED = "verify-full"
"""The only `sslmode` with which libpq checks the certificate and the name in it."""


def is_postgresql_safe(url: str, read: Mapping[str, Any], private: Collection[str]) -> bool:
    """Whether the database is on this machine, in a private network, or proves by TLS that it is the right one.

    `read` is the URL as Django reads it. `private` are hosts that only Bleep can reach.
    """
    as_django = {**read.get("OPTIONS", {}), **({"host": read["HOST"]} if read.get("HOST") else {})}
    try:
        as_libpq = conninfo_to_dict(url)  # as health checks of a container read it
    except psycopg.ProgrammingError:
        return _proves_itself(as_django, private)
    return _proves_itself(as_django, private) and _proves_itself(as_libpq, private)


def _proves_itself(said: Mapping[str, Any], private: Collection[str]) -> bool:
    """The options in the URL, with those that libpq takes from the environment (PGHOST, PGSSLMODE, …)."""
    known = {each.keyword.decode(): (each.val or b"").decode() for each in Conninfo.get_defaults()}
    known |= {name: str(value) for name, value in said.items() if value not in {None, ""}}
    if known.get("sslmode") == CHECKED:
        return True
    hosts = (known.get("hostaddr") or known.get("host") or "").split(",")
    # the host of a service is in a file
    return not known.get("service") and all(_is_near(host, private) for host in hosts)


def is_redis_safe(url: str, private: Collection[str]) -> bool:
    """Whether Redis is on this machine, in a private network, or proves by TLS that it is the right one.

    Celery takes several addresses, separated by semicolons, and uses the next one if one does not answer.
    """
    return all(_is_one_safe(each, private) for each in url.split(";"))


def _is_one_safe(url: str, private: Collection[str]) -> bool:
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return False
    if address.scheme == "redis+socket" or _is_near(host, private):
        return True
    options = parse_qs(address.query, keep_blank_values=True)
    names = {each.lower() for each in options.get("ssl_check_hostname", ["true"])}
    # Celery accepts any certificate unless told otherwise; redis-py does not.
    return address.scheme == "rediss" and options.get("ssl_cert_reqs") == ["required"] and names == {"true"}


def is_https(url: str, private: Collection[str]) -> bool:
    """Whether a URL uses https, or leads to a host that nobody else can listen to. An empty one is not a URL."""
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return False
    return address.scheme == "https" or _is_near(host, private)


def _is_near(host: str, private: Collection[str]) -> bool:
    """Whether nobody else can listen: a socket, this machine, or a network that was declared private."""
    host = host.strip().lower()
    return not host or host.startswith(("/", "@")) or addresses.is_this_machine(host) or host in private
