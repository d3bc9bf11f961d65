"""The services that the suite runs on, started by pytest itself: real PostgreSQL and real Redis, and AWS's stand-in.

A pytest plugin (`-p tests.environment` in pyproject.toml), since Django reads its settings before any conftest is
imported: the variables are set when this module is imported, the servers start with the session. Variables that name
other services win, as in `make run`.

With `-n` (pytest-xdist) each process that runs tests has services of its own, and the one that deals the tests out has
none.
"""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from config import env
from sandbox.services import EmbeddedPostgres, EmbeddedRedis, free_port

__all__ = ["free_port"]  # for tests that start a server of their own, beside what is made here

DIRECTORY = Path(tempfile.mkdtemp(prefix="bleep-tests-"))
# Processes are killed here, and no machine loses its power: what was written is there, whether it is on disk or not.
# A commit is still written before it is answered (`synchronous_commit`): PostgreSQL itself is killed by tests, too.
POSTGRES = EmbeddedPostgres(DIRECTORY, settings={"fsync": "off", "full_page_writes": "off"})
REDIS = EmbeddedRedis(DIRECTORY)


AWS_PORT = free_port()
AWS_URL = f"http://127.0.0.1:{AWS_PORT}"

MADE = "BLEEP_TESTS_MADE"
"""Names the variables that this module has set, for the processes below this one: it is not the user's doing."""


def _given(variable: str) -> str:
    """What the user says."""
    return "" if variable in os.environ.get(MADE, "") else os.environ.get(variable, "")


VARIABLES = {
    "SECRET_KEY": "for-tests-only-and-long-enough-for-the-deployment-checks-0123456789",
    "LOCAL_MODE": "true",
    "HTTPS": "false",
    "PUBLIC_DOCS": "true",
    "TELL_FORMER_ADDRESSES": "false",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "DATABASE_URL": _given("DATABASE_URL") or POSTGRES.url,
    "REDIS_URL": _given("REDIS_URL") or REDIS.url,
    "RATE_LIMIT_PER_MINUTE": "100000",
    "AWS_ENDPOINT_URL": AWS_URL,
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "CONNECT_INSTANCE_ID": "11111111-2222-3333-4444-555555555555",
    "CONNECT_CONTACT_FLOW_ID": "66666666-7777-8888-9999-000000000000",
    "CONNECT_SOURCE_PHONE_NUMBER": "+442079460000",
}
EMBEDDED = [
    server
    for variable, server in (("DATABASE_URL", POSTGRES), ("REDIS_URL", REDIS))
    if VARIABLES[variable] == server.url
]
for name in (made for variable in env.VARIABLES for made in (variable, f"{variable}_FILE")):
    os.environ.pop(name, None)  # what this shell has set for a Bleep of its own, such as TIME_ZONE
os.environ.update(VARIABLES)
os.environ[MADE] = " ".join(VARIABLES)
os.environ["PYTEST_PLUGINS"] = (
    __name__  # a process of pytest-xdist reads no addopts before it reads Django's settings
)


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.getoption("numprocesses", None):
        return
    for server in EMBEDDED:
        server.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in reversed(EMBEDDED):
        server.stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)


def database_url(name: str) -> str:
    """DATABASE_URL with another database's name, for processes that share the tests' database."""
    return urlunsplit(urlsplit(VARIABLES["DATABASE_URL"])._replace(path=f"/{name}"))
