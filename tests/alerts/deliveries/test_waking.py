"""Relays are woken again once a queue of notifications that somebody filled is free."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

from alerts.deliveries import opening
from sandbox.services import EmbeddedPostgres
from tests.processes import wait_until

FILL = "SELECT pg_notify('others', repeat('x', 7000) || n) FROM generate_series(1, 50) AS n"


def fill(other: psycopg.Connection[Any]) -> None:
    """Until PostgreSQL refuses. Each is a transaction of its own, so that those who listen hear of it."""
    while True:
        other.execute(FILL)


def is_woken(relay: psycopg.Connection[Any]) -> bool:
    """Whether it hears of an alert that was just stored."""
    opening._notify()  # noqa: SLF001
    return any(heard.channel == opening.DUE_CHANNEL for heard in relay.notifies(timeout=0.2, stop_after=1))


@pytest.mark.django_db(transaction=True)
def test_relays_are_woken_again_after_the_queue_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedPostgres(tmp_path, settings={"max_notify_queue_pages": "64", "fsync": "off"})
    server.start()
    try:
        given = psycopg.conninfo.conninfo_to_dict(server.url)
        ours = {"HOST": given["host"], "NAME": given["dbname"], "USER": given["user"]}
        other = ConnectionHandler({"default": {**connection.settings_dict, **ours}})["default"]
        monkeypatch.setattr(opening, "connection", other)
        with psycopg.connect(server.url, autocommit=True) as relay, psycopg.connect(server.url) as hanging:
            relay.execute(f"LISTEN {opening.DUE_CHANNEL}")
            hanging.execute("LISTEN others")
            hanging.commit()
            hanging.execute("SELECT 1")  # and no end of this transaction
            with pytest.raises(psycopg.errors.ProgramLimitExceeded):
                fill(relay)
            hanging.close()

            wait_until(lambda: is_woken(relay), what="the relay is woken", seconds=10)
        other.close()
    finally:
        server.kill()
