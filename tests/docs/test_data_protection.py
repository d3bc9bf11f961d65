"""docs/data-protection.md: what is kept, table by table, and for how long."""

import re
from collections import Counter

from django.apps import apps

from tests.docs.documents import read, rows

PAGE = "docs/data-protection.md"
KINDS = {"P", "C", "S", "–"}


def test_every_table_is_named_once() -> None:
    """A new table has to be named: of whom it holds data, and what."""
    named = Counter(name for row in rows(read(PAGE), "Table") for name in re.findall(r"`(\w+)`", row[0]))
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}  # noqa: SLF001 - documented

    assert set(named) == tables
    assert set(named.values()) == {1}


def test_each_row_says_of_whom_and_what() -> None:
    for table, kinds, what in rows(read(PAGE), "Table"):
        assert set(kinds.split(", ")) <= KINDS, table
        assert what, table
