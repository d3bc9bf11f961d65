"""Covers: who is asked in a person's place while they are away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from psycopg.types.range import Range

from contacts.models import Clinician
from oncall.models import Cover

MAX_HOPS = 3
"""The longest chain of covers: a covering colleague may have a cover too."""


@dataclass(frozen=True)
class Covered:
    """The person to ask in somebody's place."""

    clinician: Clinician | None
    """None: nobody, because the people who cover are away themselves, in a circle or in too long a chain."""
    is_cover: bool
    """Whether this is another person than was meant."""


def now_asked(clinician: Clinician) -> Covered:
    """The person to ask now in place of this clinician. One query for each cover, and one more."""
    return now_asked_each([clinician])[clinician.pk]


def now_asked_each(clinicians: Iterable[Clinician]) -> dict[int, Covered]:
    """By key: the person to ask now in place of each of these. No more queries than for the one with the longest
    chain.
    """
    found: dict[int, Covered] = {}
    asked = {each.pk: each for each in clinicians}
    seen = {key: {key} for key in asked}
    for _ in range(MAX_HOPS + 1):
        covers = _on_now({each.pk for each in asked.values()})
        for key, each in list(asked.items()):
            cover = covers.get(each.pk)
            if cover is None:
                found[key] = Covered(each, is_cover=each.pk != key)
            elif cover.by is None or cover.by.pk in seen[key]:
                found[key] = Covered(None, is_cover=True)
            else:
                asked[key] = cover.by
                seen[key].add(cover.by.pk)
                continue
            del asked[key]
        if not asked:
            break
    return found | dict.fromkeys(asked, Covered(None, is_cover=True))


def _on_now(keys: set[int]) -> dict[int, Cover]:
    on_now = Cover.objects.on_now().filter(clinician__in=keys).select_related("by")
    return {cover.clinician_id: cover for cover in on_now}


@dataclass(frozen=True)
class Gap:
    """A part of a cover in which nobody is asked, and why."""

    begins: datetime
    ends: datetime
    away: Clinician
    """The person who covers, and is away as well."""
    by: Clinician | None
    """The person who covers for them: away already, one too many, or None for nobody."""


def gaps(cover: Cover) -> list[Gap]:
    """The parts of the cover in which nobody is left, because the people who cover are away as well."""
    if cover.by is None:
        return []
    window = (cover.period.lower, cover.period.upper)
    return list(_gaps(cover.by, window, frozenset({cover.clinician_id, cover.by.pk}), hops=1))


def _gaps(
    by: Clinician, window: tuple[datetime, datetime], seen: frozenset[int], *, hops: int
) -> Iterator[Gap]:
    theirs = Cover.objects.filter(clinician=by, period__overlap=window)
    for each in theirs.select_related("by"):
        begins, ends = max(window[0], each.period.lower), min(window[1], each.period.upper)
        if each.by is None or each.by.pk in seen or hops == MAX_HOPS:
            yield Gap(begins, ends, by, each.by)
        else:
            yield from _gaps(each.by, (begins, ends), seen | {each.by.pk}, hops=hops + 1)


def overlapping(
    clinician: Clinician, begins: datetime, ends: datetime, *, but: int | None = None
) -> Cover | None:
    """A cover of this person that overlaps this time, other than the one with the key `but`."""
    theirs = Cover.objects.filter(clinician=clinician, period__overlap=(begins, ends))
    others = theirs if but is None else theirs.exclude(pk=but)
    return others.select_related("by").first()


def end_now(cover_id: int) -> Cover | None:
    """End a present cover now, or delete one that has not begun. None if it is over or gone."""
    with transaction.atomic():
        found = Cover.objects.not_over().with_now().select_for_update(of=("self",))
        cover = found.filter(pk=cover_id).first()
        if cover is None:
            return None
        if cover.has_begun:
            cover.period = Range(cover.period.lower, cover.now)  # type: ignore[attr-defined]  # by `with_now`
            cover.save()
        else:
            cover.delete()
        return cover


def without_cover() -> list[Clinician]:
    """People who are away now and have nobody who covers and is there. One query."""
    now = Cover.objects.on_now().filter(clinician__active=True).select_related("clinician", "by")
    away = {cover.clinician_id: cover for cover in now}
    return [cover.clinician for cover in away.values() if not _somebody_covers(cover, away)]


def _somebody_covers(cover: Cover, away: dict[int, Cover]) -> bool:
    """Whether `now_asked` would find somebody, from covers that were read already."""
    asked, seen = cover.by, {cover.clinician_id}
    for _ in range(MAX_HOPS):
        if asked is None or asked.pk in seen:
            return False
        if asked.pk not in away:
            return asked.active
        seen.add(asked.pk)
        asked = away[asked.pk].by
    return False
