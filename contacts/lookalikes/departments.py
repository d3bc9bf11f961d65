"""Spellings of departments, which are typed by hand: `Ward 4`, `ward 4` and `Ward4` are one department."""

import unicodedata
from collections.abc import Iterable, Sequence

from django.db import connection

from contacts.models import Clinician


def fold(name: str) -> str:
    """Equal for all spellings of a department: the name without spaces, and in lower case."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


# It goes from each value to the next by the index: DISTINCT would read all clinicians.
KNOWN = """
WITH RECURSIVE known(department) AS (
    SELECT min(department) FROM contacts_clinician WHERE department > ''
    UNION ALL
    SELECT (SELECT min(department) FROM contacts_clinician WHERE department > known.department)
    FROM known WHERE known.department IS NOT NULL
)
SELECT department FROM known WHERE department IS NOT NULL
"""


def known() -> list[str]:
    """All spellings of departments, sorted. One query."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN)
        return [name for (name,) in cursor]


def one_spelling_each() -> list[str]:
    """The departments, each in the first of its spellings. One query."""
    spellings: dict[str, str] = {}
    for name in known():
        spellings.setdefault(fold(name), name)
    return list(spellings.values())


def doubts(names: Sequence[str]) -> dict[str, str]:
    """A sentence for each name that clinicians' departments, or names before it, spell in another way. One query."""
    spellings = known()
    first: dict[str, str] = {}
    for each in (*spellings, *names):
        first.setdefault(fold(each), each)
    return {
        name: f"“{name}” is written “{first[fold(name)]}” elsewhere: write it the same way, if it is the same."
        for name in names
        if name and name not in spellings and first[fold(name)] != name
    }


def spellings_of(names: Iterable[str]) -> list[str]:
    """All spellings of these departments. One query."""
    wanted = {fold(name) for name in names}
    return [name for name in known() if fold(name) in wanted]


def members_of(names: Iterable[str]) -> list[int]:
    """The keys of the clinicians of these departments, however they are spelt. Two queries.

    For lists of rows that belong to clinicians: PostgreSQL quickly compares millions of rows with given keys, but would
    otherwise look up the clinician of each row.
    """
    found = Clinician.objects.filter(department__in=spellings_of(names))
    return list(found.order_by().values_list("pk", flat=True))
