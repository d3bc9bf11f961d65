"""Checks that the trail is as it was written: `manage.py verify_audit` all of it, a relay a part at a time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog
from django.db import connection
from django.db.models import Max
from django.db.models.functions import Now

from audit import chain
from audit.models import Inspection, Seal
from audit.sources import EXPIRED, SOURCES, Source
from config import database

EVERY = 15.0
"""Seconds between two checks by a relay."""
SEALS_AT_ONCE = 10
SEALED_AFTER = "15 minutes"
LOOKED_THROUGH = 100_000
"""How many of the newest rows of each table a relay searches for rows without a seal."""
BEHIND = """
SELECT source.id FROM {table} source
LEFT JOIN (
    SELECT unnest(row_ids) AS id FROM audit_seal WHERE source = %(source)s AND last_id > %(floor)s
) sealed USING (id)
WHERE sealed.id IS NULL AND source.id > %(floor)s AND source.{at} < now() - %(after)s::interval
ORDER BY source.id LIMIT 100
"""
log = structlog.get_logger(__name__)


@dataclass
class Verdict:
    """What was found. `problems` name tables and keys, never what is in a row."""

    seals: int = 0
    rows: int = 0
    expired: int = 0
    """Rows whose texts have expired, which is allowed."""
    problems: list[str] = field(default_factory=list)
    position: int = 0
    expected: str = chain.BEGINNING


class Watch:
    """A relay's work on the chain: it seals and checks, and remembers the newest seal.

    The owner of the tables can delete the last seals and change rows, which then get a new seal. But they cannot make a
    process forget a seal that it has seen.
    """

    def __init__(self) -> None:
        self._newest: tuple[int, str] | None = None

    def run(self) -> None:
        """Seal new rows and check some older seals, unless another relay does. Write the result to `Inspection`."""
        with database.advisory_lock(database.Lock.SEALING) as mine:
            if not mine:
                return
            gone = list(self._gone())
            for source in SOURCES:
                while chain.seal(source) == chain.AT_ONCE:
                    pass
            _inspect(gone)
            if not gone:
                self._newest = Seal.objects.order_by("-id").values_list("pk", "digest").first()

    def _gone(self) -> Iterator[str]:
        if self._newest and not Seal.objects.filter(pk=self._newest[0], digest=self._newest[1]).exists():
            yield f"Seal {self._newest[0]} is gone: its rows may have been changed and sealed again."


def run() -> None:
    """Seal and check once, without remembering a seal."""
    Watch().run()


def everything() -> Verdict:
    """Check the whole chain and every row."""
    verdict = Verdict()
    while _check_next(verdict) == SEALS_AT_ONCE:
        pass
    verdict.problems += unsealed(newest=None)
    return verdict


def unsealed(*, newest: int | None) -> list[str]:
    """Rows that are old enough for a seal and have none: they were backdated, or no relay seals.

    Reads the `newest` rows of each table; None reads all.
    """
    return [problem for source in SOURCES for problem in _unsealed(source, newest)]


def _unsealed(source: Source, newest: int | None) -> Iterator[str]:
    at = next(each for each in source.columns if each in {"at", "created_at"})
    last = Seal.objects.filter(source=source.table).aggregate(last=Max("last_id"))["last"] or 0
    asked = {
        "source": source.table,
        "after": SEALED_AFTER,
        "floor": last - newest if newest is not None else -(2**63) + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEHIND.format(table=source.table, at=at), asked)
        yield from (f"{source.table} {pk} is in no seal." for (pk,) in cursor.fetchall())


def _inspect(gone: list[str]) -> None:
    """Check the next few seals; at the end of the chain begin again. `gone`: problems that are known already."""
    state, _made = Inspection.objects.get_or_create(pk=1)
    verdict = Verdict(position=state.position, expected=state.expected or chain.BEGINNING, problems=gone)
    seals = _check_next(verdict)
    found = state.found
    changed = {"sealed_at": Now(), "position": verdict.position, "expected": verdict.expected}
    if seals < SEALS_AT_ONCE:
        verdict.problems += unsealed(newest=LOOKED_THROUGH)
        changed |= {"position": 0, "expected": "", "found_before": found + len(verdict.problems), "found": 0}
    else:
        changed |= {"found": found + len(verdict.problems)}
    for problem in verdict.problems:
        log.error("audit.broken", problem=problem)
    Inspection.objects.filter(pk=1).update(**changed)


def _check_next(verdict: Verdict) -> int:
    """Check the next seals. Returns how many."""
    seals = list(Seal.objects.filter(pk__gt=verdict.position).order_by("id")[:SEALS_AT_ONCE])
    for seal in seals:
        verdict.seals += 1
        if seal.previous != verdict.expected:
            verdict.problems.append(
                f"Seal {seal.pk} does not follow the one before: a seal is gone or was changed."
            )
        verdict.position, verdict.expected = seal.pk, seal.digest
        if chain.digest_of_seal(seal) != seal.digest:
            verdict.problems.append(f"Seal {seal.pk} was changed.")
        elif seal.key == chain.key_name():
            _check_rows(seal, verdict)
        else:
            verdict.problems.append(
                f"Seal {seal.pk} was made with another AUDIT_KEY, so its rows cannot be checked."
            )
    return len(seals)


def _check_rows(seal: Seal, verdict: Verdict) -> None:
    found = {
        pk: (facts, texts)
        for pk, facts, texts in chain.read(seal.source, seal.columns, seal.text_columns, seal.row_ids)
    }
    for pk, facts, texts in zip(seal.row_ids, seal.facts, seal.texts, strict=True):
        verdict.rows += 1
        if pk not in found:
            verdict.problems.append(f"{seal.source} {pk} is gone.")
        elif chain.digest_of(seal.source, pk, found[pk][0]) != facts:
            verdict.problems.append(f"{seal.source} {pk} was changed.")
        elif chain.digest_of(seal.source, pk, found[pk][1]) != texts:
            if _have_expired(found[pk][1]):
                verdict.expired += 1
            else:
                verdict.problems.append(f"The text of {seal.source} {pk} was changed.")


def _have_expired(texts: str) -> bool:
    return all(each in EXPIRED for each in json.loads(texts))
