"""Home while the database, or a part of it, fails."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from staff.roles import Role
from tests.staff.home.visits import home_of, kinds
from tests.staff.users import SUPERUSER

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost_table(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Takes a table away, until the test is over: whatever asks for it fails."""
    lost: list[str] = []

    def lose(table: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_lost")
        lost.append(table)

    yield lose
    with connection.cursor() as cursor:
        for table in lost:
            cursor.execute(f"ALTER TABLE {table}_lost RENAME TO {table}")


def test_a_failed_check_is_shown_and_hides_no_other(
    lost_table: Callable[[str], None], something_of_each_kind: None
) -> None:
    client = home_of(SUPERUSER)
    lost_table("clients_apitoken")

    assert set(kinds(client)) == {
        "refused alerts",
        "failed",
        "unreachable",
        "check failed: tokens that expire",
    }


def test_failed_statistics_are_shown(lost_table: Callable[[str], None], something_of_each_kind: None) -> None:
    client = home_of(SUPERUSER)
    lost_table("alerts_attempt")

    page = client.get("/admin/").content.decode()

    assert "could not load its statistics" in page
    assert 'data-kind="failed"' in page


@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads_still_shows_what_is_wrong() -> None:
    client = home_of(Role.OPERATORS.value)
    client.get("/admin/")
    caches["process"].clear()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer = client.get("/admin/")
    finally:
        connection.close()

    assert answer.status_code == 200
    assert "bleep relays_silent" in re.findall(r'data-kind="([^"]+)"', answer.content.decode())
    assert "The database is read-only. So no relay can send or report" in answer.content.decode()
    assert "start manage.py relay" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_locked_is_waited_for_once() -> None:
    client = home_of(Role.OPERATORS.value)
    client.get("/admin/")
    caches["process"].clear()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")

        with CaptureQueriesContext(connection) as asked:
            answer = client.get("/admin/")

    connection.close()
    assert re.findall(r'data-kind="([^"]+)"', answer.content.decode()) == ["database"]
    assert "Somebody has locked a table of alerts." in answer.content.decode()
    assert sum("alerts_alert" in each["sql"] for each in asked) == 1
