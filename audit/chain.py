"""The chain of seals. One relay makes it after rows are committed, so that writing a row does not wait for it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import chain as joined

import structlog
from django.db import connection, transaction
from django.db.models import Max

from audit import digests
from audit.models import Seal
from audit.sources import Source

BEGINNING = "0" * 64
"""The digest before the first seal's."""
AT_ONCE = 500
"""Rows in a seal."""
WINDOW = 1000
"""PostgreSQL gives out keys before commit, so a row may appear this many keys behind the last sealed one."""
UNSEALED = """
SELECT id FROM {table} WHERE id > %(floor)s AND id NOT IN (
    SELECT unnest(row_ids) FROM audit_seal WHERE source = %(source)s AND last_id > %(floor)s
) ORDER BY id LIMIT %(most)s
"""
ROWS = """
SELECT id, jsonb_build_array({columns})::text, jsonb_build_array({texts})::text
FROM {table} WHERE id = ANY(%s) ORDER BY id
"""
log = structlog.get_logger(__name__)


@transaction.atomic
def seal(source: Source) -> int:
    """Seal the rows of this table that no seal has yet. Returns how many. One process does this at a time."""
    newest = Seal.objects.filter(source=source.table).aggregate(last=Max("last_id"))["last"] or 0
    asked = {"floor": newest - WINDOW, "source": source.table, "most": AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED.format(table=source.table), asked)
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return 0
    rows = list(read(source.table, source.columns, source.texts, ids))
    before = Seal.objects.order_by("-id").values_list("digest", flat=True).first()
    made = Seal(
        source=source.table,
        columns=list(source.columns),
        text_columns=list(source.texts),
        row_ids=[pk for pk, _facts, _texts in rows],
        facts=[digest_of(source.table, pk, facts) for pk, facts, _texts in rows],
        texts=[digest_of(source.table, pk, texts) for pk, _facts, texts in rows],
        last_id=ids[-1],
        key=key_name(),
        previous=before or BEGINNING,
    )
    made.digest = digest_of_seal(made)
    made.save(force_insert=True)
    # Where the log is kept for good, nobody can replace the whole chain unnoticed: see docs/trail.md.
    log.info("audit.sealed", seal=made.pk, source=made.source, rows=len(rows), digest=made.digest)
    return len(rows)


def read(
    table: str, columns: Sequence[str], texts: Sequence[str], ids: Sequence[int]
) -> Iterator[tuple[int, str, str]]:
    """The rows with these keys: their facts and their texts, each as one text. Django's sessions are in UTC."""
    names = {name: connection.ops.quote_name(name) for name in joined(columns, texts)}
    statement = ROWS.format(
        table=connection.ops.quote_name(table),
        columns=", ".join(names[each] for each in columns),
        texts=", ".join(names[each] for each in texts),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        yield from cursor.fetchall()


def digest_of(table: str, pk: int, content: str) -> str:
    """The keyed digest of a row. The table and key are part of it, so no other row has the same."""
    return digests.of(f"{table} {pk} {content}")


def digest_of_seal(seal: Seal) -> str:
    """The digest of all of a seal but its time. It has no key, so anybody can check that the chain is whole."""
    content = [
        seal.previous,
        seal.source,
        seal.columns,
        seal.text_columns,
        seal.row_ids,
        seal.facts,
        seal.texts,
        seal.key,
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def key_name() -> str:
    """A name that tells keys apart and does not reveal them."""
    return digests.of("name of the key")[:8]
