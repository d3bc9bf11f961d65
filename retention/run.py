"""Everything that expires, step by step, as the settings say."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from audit.events import record
from audit.models import EventName
from retention import batches, leavers, leftovers, old_alerts, texts
from retention.blanking import Done
from retention.models import Expiry

YEAR = timedelta(days=365.25)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Step:
    """One kind of data whose time is over."""

    title: str
    before: datetime | None
    """Older data expires. None: it is kept for ever."""
    waiting: Callable[[datetime], int]
    """How many rows are too old."""
    batches: Callable[[datetime], Iterator[Done]]
    """Blanks or deletes them, batch by batch."""


@dataclass(frozen=True)
class Result:
    """What was done in one step."""

    step: Step
    done: Done
    is_whole: bool
    """Whether the step was completed."""


def steps() -> list[Step]:
    """All steps, in order."""
    now = _now()
    whole_alerts = _before(now, settings.KEEP_ALERTS_YEARS * YEAR)
    # Some alerts stay for ever, since what people did about them is sealed. Their texts do not.
    of_texts = _before(now, timedelta(days=settings.KEEP_TEXTS_DAYS)) or whole_alerts
    return [
        Step(
            "alerts whose texts, references and addresses are replaced",
            of_texts,
            lambda before: texts.waiting(before).count(),
            texts.batches,
        ),
        Step(
            "old addresses, reasons for absences, and unmatched replies",
            of_texts,
            lambda before: sum(rows.count() for rows in leftovers.waiting(before)),
            leftovers.batches,
        ),
        Step(
            "clinicians who left, made pseudonyms",
            _before(now, timedelta(days=settings.KEEP_LEAVERS_DAYS)),
            lambda before: leavers.waiting(before).count() + leavers.deleted(before).count(),
            leavers.batches,
        ),
        Step(
            "alerts that are deleted",
            whole_alerts,
            lambda before: old_alerts.waiting(before).count(),
            old_alerts.batches,
        ),
    ]


def run(
    *,
    stopping: Callable[[], bool] = lambda: False,
    progress: Callable[[Step, Done], None] = lambda _step, _done: None,
) -> list[Result]:
    """Blank or delete all data whose time is over. It can be killed at any point and run again.

    `progress` is called after each batch, with the rows that its step has done so far.
    """
    untold = _Untold()
    results = [_run(step, untold, stopping, progress) for step in steps()]
    total = sum((each.done for each in results), Counter[str]())
    with transaction.atomic():
        untold.tell()
        if all(each.is_whole for each in results):
            Expiry.objects.filter(pk=1).update(ended_at=Now())
    log.info("retention.ended", whole=all(each.is_whole for each in results), **total)
    return results


class _Untold:
    """Counts expired rows that are in no event yet. Kept with each batch: after a kill the next run records them."""

    def __init__(self) -> None:
        state, _made = Expiry.objects.get_or_create(pk=1)
        self._rows = Counter[str](state.untold)

    def note(self, done: Done) -> None:
        self._rows += done
        Expiry.objects.filter(pk=1).update(untold=dict(self._rows))

    def tell(self) -> None:
        """Record the event. The trail cannot show who blanked a text, so the event says that it was expiry."""
        if self._rows:
            counted = ", ".join(f"{table} {rows}" for table, rows in sorted(self._rows.items()))
            record(EventName.EXPIRED, kind="retention", detail=counted)
            Expiry.objects.filter(pk=1).update(untold={})


def _run(
    step: Step, untold: _Untold, stopping: Callable[[], bool], progress: Callable[[Step, Done], None]
) -> Result:
    done: Done = Counter()
    if step.before is None:
        return Result(step, done, is_whole=True)
    for batch in batches.each(step.batches(step.before), untold.note):
        done += batch
        progress(step, done)
        if stopping():
            return Result(step, done, is_whole=False)
    return Result(step, done, is_whole=not stopping())


def _before(now: datetime, kept: timedelta) -> datetime | None:
    return now - kept if kept else None


def _now() -> datetime:
    """The time by the database's clock, which Bleep uses everywhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
