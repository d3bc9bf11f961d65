"""Who may post to each page of the admin, and that nobody else changes anything."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.aws import Aws
from tests.staff.access.permissions import WHO_MAY
from tests.staff.access.posts import ACTIONS, POSTS, Post, actions, posts
from tests.staff.users import PEOPLE, make_records, make_user

pytestmark = pytest.mark.django_db

OWN = frozenset({"login", "logout", "password_change"})
"""What anybody may post: it concerns their own login."""
BESIDE = frozenset({"django_session", "audit_event", "alerts_writeprobe"})
"""Tables that say nothing of what was done to others: the second notes that somebody read or searched, the third that
health checks could write."""


def everything() -> dict[str, str]:
    """A digest of each table."""
    with connection.cursor() as cursor:
        return digests(set(connection.introspection.table_names(cursor)) - BESIDE)


def digests(tables: Iterable[str]) -> dict[str, str]:
    """A digest of each of these tables."""
    each = (
        f"SELECT '{table}', md5(string_agg(row::text, '|' ORDER BY row::text)) FROM \"{table}\" AS row"  # noqa: S608
        for table in sorted(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        return dict(cursor.fetchall())


def written() -> dict[str, int]:
    """How many rows of each table this transaction has written. To digest all tables takes thirty times as long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE schemaname = current_schema AND n_tup_ins + n_tup_upd + n_tup_del > 0 AND relname <> ALL(%s)",
            [list(BESIDE)],
        )
        return dict(cursor.fetchall())


def outcome(client: Client, post: Post, before: dict[str, str]) -> tuple[Any, bool]:
    """The answer, and whether anything was changed, which is undone."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        begun = written().items()
        answer = client.post(post.path, post.fields())
        touched = dict(written().items() - begun)
        changed = bool(touched) and bool(digests(touched).items() - before.items())
        transaction.set_rollback(True)
    client.cookies = cookies  # the session is the one before, too
    return answer, changed


def is_refusal(name: str, answer: Any, post: Post, refused: int) -> bool:
    """Whether the post was refused: an action that is not offered leads back to its list."""
    if answer.status_code == refused or name not in {*POSTS, *ACTIONS}:
        return bool(answer.status_code < 500)
    if name not in ACTIONS:
        return False
    back = answer.get("Location", "").split("?")[0]
    return back == post.path if answer.status_code == 302 else "cl" in answer.context


def test_every_action_of_a_list_has_its_row_in_the_table() -> None:
    assert actions() == set(ACTIONS)


def test_every_row_is_of_a_page() -> None:
    assert set(POSTS) <= set(WHO_MAY)


@pytest.mark.parametrize("person", [*PEOPLE, None], ids=str)
def test_each_user_may_do_what_the_table_says_and_nothing_else(aws: Aws, person: str | None) -> None:
    things = posts(make_records())
    client = Client()
    if person:
        client.force_login(make_user(person))
    wrong, before = {}, everything()

    for name, post in things.items():
        if name in OWN:
            continue
        answer, changed = outcome(client, post, before)
        if person in post.rule.who:
            right = answer.status_code < 400 or name == "contacts_clinician_process_import"
            right = right and changed == post.rule.changes
        else:
            right = not changed and is_refusal(name, answer, post, 403 if person else 302)
        if not right:
            wrong[name] = (answer.status_code, answer.get("Location"), "changed" if changed else "unchanged")

    assert wrong == {}
