"""What `make chaos` does to PostgreSQL and Redis has the effect that it should have, and is repaired."""

import random
from collections.abc import Iterator
from typing import cast

import psycopg
import pytest
import redis
from psycopg import errors

from bench.load.people import make_people
from bench.mishaps import Mishaps
from bench.mishaps.broker import Broker
from bench.mishaps.database import Database
from bench.mishaps.schedule import schedule
from bench.stack import PARTS, Stack

pytestmark = pytest.mark.xdist_group("bench_mishaps")

Session = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """PostgreSQL and Redis of a stack, without Bleep."""
    made = Stack(())
    try:
        made.postgres.start()
        made.redis.start()
        made.rows("CREATE TABLE alerts_alert (id int)")
        yield made
    finally:
        made.redis.stop()
        made.postgres.stop()
        made.__exit__(None, None, None)


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    """The mishaps of PostgreSQL, undone at the end."""
    made = Database(stack)
    yield made
    made.undo()


@pytest.fixture
def broker(stack: Stack) -> Iterator[redis.Redis]:
    """A client of Redis."""
    with redis.Redis.from_url(stack.redis.url) as client:
        yield client


def session(stack: Stack, **options: str) -> Session:
    """A session as Bleep has it."""
    return psycopg.connect(stack.postgres.url, autocommit=True, **options)  # type: ignore[arg-type]


class NoStack:
    """A stack in which nothing runs."""

    parts = tuple(PARTS)

    def misbehave(self, *_faults: object) -> None:
        pass


def test_everything_that_is_scheduled_can_be_done() -> None:
    dice = random.Random(7)  # noqa: S311 - for a rehearsal
    people = make_people(5, [{}], dice)
    mishaps = Mishaps(cast("Stack", NoStack()), people, 7, lambda _bodies: None)

    for step in schedule(600, dice, lease=30.0).steps:
        assert callable(mishaps.action_of(step)), step


def test_some_sessions_are_terminated_and_new_ones_are_served(stack: Stack, database: Database) -> None:
    sessions = [session(stack) for _ in range(10)]

    database.actions["terminate"]("postgres")

    ended = [each for each in sessions if _is_ended(each)]
    for each in sessions:
        each.close()
    assert len(ended) == 8
    with session(stack) as another:
        another.execute("SELECT 1")


def test_statements_are_cancelled_as_by_a_time_out_until_that_ends(stack: Stack, database: Database) -> None:
    with session(stack) as one:
        database.actions["cancel"]("postgres")
        with pytest.raises(errors.QueryCanceled) as cancelled:
            one.execute("SELECT pg_sleep(10)")
        database.actions["allow"]("postgres")
        one.execute("SELECT pg_sleep(0.1)")
    assert cancelled.value.sqlstate == "57014"


def test_kept_sessions_only_read_and_new_ones_find_no_server_that_writes(
    stack: Stack, database: Database
) -> None:
    # More than are terminated, so that some are kept.
    sessions = [session(stack) for _ in range(9)]

    database.actions["read-only"]("postgres")

    [kept] = [each for each in sessions if not _is_ended(each)]
    with pytest.raises(errors.ReadOnlySqlTransaction):
        _write_until_refused(kept)
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        session(stack, target_session_attrs="read-write")
    for each in sessions:
        each.close()

    database.actions["read-write"]("postgres")
    with session(stack, target_session_attrs="read-write") as another:
        another.execute("INSERT INTO alerts_alert VALUES (1)")


def test_a_table_is_locked_until_it_is_unlocked(stack: Stack, database: Database) -> None:
    with session(stack) as one:
        one.execute("SET lock_timeout = '50ms'")
        database.actions["lock"]("alerts_alert")
        with pytest.raises(errors.LockNotAvailable):
            one.execute("SELECT 1 FROM alerts_alert")
        database.actions["unlock"]("alerts_alert")
        one.execute("SELECT 1 FROM alerts_alert")


def test_at_the_end_the_database_is_as_before_whatever_was_begun(stack: Stack) -> None:
    database = Database(stack)
    for action, target in (
        ("lock", "alerts_alert"),
        ("cancel", "postgres"),
        ("read-only", "postgres"),
        ("stop", "postgres"),
    ):
        database.actions[action](target)

    database.undo()

    with session(stack, target_session_attrs="read-write") as one:
        one.execute("INSERT INTO alerts_alert VALUES (1)")


@pytest.mark.parametrize(
    ("begin", "end", "error"),
    [
        ("demote", "promote", redis.exceptions.ReadOnlyError),
        ("fill", "empty", redis.exceptions.OutOfMemoryError),
    ],
)
def test_redis_refuses_what_is_written_until_that_ends(
    stack: Stack, broker: redis.Redis, begin: str, end: str, error: type[redis.RedisError]
) -> None:
    mishaps = Broker(stack)

    for at_the_end in (False, True):
        mishaps.actions[begin]("redis")
        with pytest.raises(error):
            broker.set("a", "b")
        if at_the_end:
            mishaps.undo()
        else:
            mishaps.actions[end]("redis")
        assert broker.set("a", "b")


def _is_ended(session: Session) -> bool:
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def _write_until_refused(session: Session) -> None:
    """The session reads its new setting between two statements, a moment after it was told to."""
    for _ in range(1000):
        session.execute("INSERT INTO alerts_alert VALUES (1)")
