"""Plans and covers in words, for staff."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from contacts import route_words
from contacts.models import Clinician
from contacts.routing import NoRoute
from oncall.asked import AskedNow
from oncall.covers import Gap
from oncall.models import Cover
from theme import times

THEN_THE_DESK = "the desk is told"
NO_PLAN = "no plan applies: nobody is asked for an answer"
NOBODY_IN_PLAN = "the plan reaches nobody now: alerts are refused"
UNREACHABLE = {
    NoRoute.INACTIVE: "is not active",
    NoRoute.NO_PREFERENCE: "has no channel for this priority",
    NoRoute.NO_ADDRESS: "has no address for the channels chosen for this priority",
    NoRoute.EMAIL_UNCONFIRMED: "has no confirmed e-mail address, and no other channel",
}
"""What is wrong with a person, as the words that follow their name."""


def summary(steps: Sequence[AskedNow], of: Clinician) -> str:
    """`asked for an answer within 2 min; then Second Clinician (C-2), within 5 min; then the desk is told`."""
    reached = [step for step in steps if step.clinician]
    asked = [
        _briefly(step, of, again=step.clinician in [earlier.clinician for earlier in reached[:place]])
        for place, step in enumerate(reached)
    ]
    if not asked:
        return NOBODY_IN_PLAN
    return "; then ".join([*asked, THEN_THE_DESK])


def _briefly(step: AskedNow, of: Clinician, *, again: bool) -> str:
    within = f"within {times.duration(step.step.wait)}"
    if step.clinician == of:
        return f"asked {'again' if again else 'for an answer'} {within}"
    instead = f" in place of {step.meant}" if step.covered.is_cover else ""
    return f"{step.clinician}{instead}, {within}"


def now(step: AskedNow) -> str:
    """What the step would do now, as a sentence: `Second Clinician (C-2) is asked: call …. 5 min to answer.`"""
    if step.clinician is None or step.route is None:
        return f"{capfirst(passed_over(step))}: passed over at once."
    instead = f", who covers for {step.meant}," if step.covered.is_cover else ""
    how = route_words.describe(step.route)
    return f"{step.clinician}{instead} is asked: {how}. {times.duration(step.step.wait)} to answer."


def passed_over(step: AskedNow) -> str:
    """Why the step asks nobody now."""
    if step.meant is None:
        return "the person whom it names has been deleted"
    if step.covered.clinician is None:
        return f"{step.meant} is away, and nobody who is there covers for them"
    instead = f", who covers for {step.meant}," if step.covered.is_cover else ""
    reason = step.route.reason if step.route else None
    return f"{step.covered.clinician}{instead} {UNREACHABLE[reason or NoRoute.NO_PREFERENCE]}"


def moment(at: datetime) -> str:
    """`Mon 30 Nov, 08:00`. With the year if it is another one, and with the zone in the hour that comes twice."""
    local = timezone.localtime(at)
    form = "D j M, H:i" if local.year == timezone.localtime().year else "D j M Y, H:i"
    said = date_format(local, form)
    return f"{said} {times.zone(at)}" if comes_twice(local) else said


def comes_twice(local: datetime) -> bool:
    """Whether the clocks show this time a second time, after they went back."""
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def span(cover: Cover) -> str:
    """`Mon 30 Nov, 08:00 to Tue 1 Dec, 08:00`."""
    return f"{moment(cover.period.lower)} to {moment(cover.period.upper)}"


def who_covers(cover: Cover) -> str:
    """`Second Clinician (C-2) covers`, or that nobody does."""
    return f"{cover.by} covers" if cover.by else "nobody covers"


def gap(found: Gap, cover: Cover) -> str:
    """The problem of a gap, as a sentence for the person who has just made the cover."""
    when = f"from {moment(found.begins)} to {moment(found.ends)}"
    if found.by is None:
        why = f"{found.away} is away as well, and nobody covers for them"
    elif found.by.pk == cover.clinician_id:
        why = f"{found.away} is away as well, and {found.by} covers for them: each is to cover for the other"
    else:
        why = (
            f"{found.away} is away as well, and the people who cover for them are away, or too many in a row"
        )
    return f"Nobody is asked {when}: {why}. Choose somebody else for that time."


def away(cover: Cover) -> str:
    """`Demo Clinician (C-1) is away from … to …, and Second Clinician (C-2) covers`."""
    return f"{cover.clinician} is away from {span(cover)}, and {who_covers(cover)}"
