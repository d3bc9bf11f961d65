"""The reference app (`bench.reference`), served like Bleep's API: the same server, PostgreSQL, Redis and people."""

import secrets
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg

from bench.load.people import Person
from bench.stack import PORTS, Address, Stack
from sandbox.services import free_port

NAME = "reference"
"""The names of its process and of its database."""
PROCESSES, THREADS = 2, 8
"""The processes and threads that the entry point has for Bleep's API."""
REDIS_DATABASE = 1


def start(stack: Stack, people: Sequence[Person]) -> Address:
    """Make its database with these people, and serve it beside Bleep. Its address is like a stack's.

    Raises:
        StackError: it does not start.
    """
    stack.rows(f"CREATE DATABASE {NAME}")
    url = urlsplit(stack.postgres.url)._replace(path=f"/{NAME}").geturl()
    env = {
        **stack.env,
        "DJANGO_SETTINGS_MODULE": "bench.reference.settings",
        "DATABASE_URL": url,
        "REDIS_URL": urlsplit(stack.redis.url)._replace(path=f"/{REDIS_DATABASE}").geturl(),
        "GRANIAN_WORKERS": str(PROCESSES),
        "GRANIAN_BLOCKING_THREADS": str(THREADS),
    }
    stack.run("migrate", [sys.executable, "-m", "django", "migrate", "--verbosity=0"], env)
    token = _fill(url, people)
    port = free_port(PORTS)
    stack.start_beside(
        NAME,
        ["granian", "--no-ws", "--interface", "wsgi", "bench.reference.wsgi:application"],
        {**env, "GRANIAN_PORT": str(port)},
        is_ready=lambda: _listens(stack.host, port),
    )
    return stack.host, port, token


def _fill(url: str, people: Sequence[Person]) -> str:
    """Store the people, and a user with a token. Returns the token."""
    token = secrets.token_hex(20)
    with psycopg.connect(url) as session:
        [(user,)] = session.execute(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, is_staff, is_superuser,"
            " is_active, date_joined) VALUES ('hospital', '!', '', '', '', false, false, true, now()) RETURNING id"
        )
        session.execute(
            "INSERT INTO authtoken_token (key, user_id, created) VALUES (%s, %s, now())", [token, user]
        )
        for person in people:
            [(clinician,)] = session.execute(
                "INSERT INTO reference_clinician (contact_id, name, call_number, sms_number, email, active)"
                " VALUES (%s, %s, %s, %s, %s, true) RETURNING id",
                [person.contact_id, person.name, person.call_number, person.sms_number, person.email],
            )
            for priority, channels in person.preferences.items():
                for position, channel in enumerate(channels, start=1):
                    session.execute(
                        "INSERT INTO reference_preference (clinician_id, priority, position, channel)"
                        " VALUES (%s, %s, %s, %s)",
                        [clinician, priority, position, channel],
                    )
    return token


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
