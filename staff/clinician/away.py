"""Plans and cover on a clinician's page: who is asked if nobody answers, and who covers when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list

from contacts.choices import Priority
from contacts.models import Clinician
from oncall import asked, plans, words
from oncall.admin.departments import SEES_DEPARTMENTS, covers_visible_to, plans_visible_to
from oncall.models import Cover
from oncall.plans import FrozenPlan

LEAST, MOST = timedelta(days=7), timedelta(days=60)
"""How much time the line of covers shows."""
WIDTH = 1000
"""The width of the line, in its own units."""
DAYS = 14
"""Up to this many days, each day has a mark on the line; beyond, each week has."""


@dataclass(frozen=True)
class Bar:
    """A cover on the line."""

    x: float
    width: float
    has_cover: bool


@dataclass(frozen=True)
class Line:
    """Covers on a line of time, from now on."""

    bars: list[Bar]
    marks: list[float]
    begins: str
    ends: str
    words: str


def context(request: HttpRequest, clinician: Clinician) -> dict[str, Any]:
    """The context of the template; empty for users who may see neither plans nor covers. Some 20 queries."""
    user = request.user
    sees_departments = user.has_perm(SEES_DEPARTMENTS)
    if not sees_departments and not (user.has_perm("oncall.view_plan") or user.has_perm("oncall.view_cover")):
        return {}
    applying = plans.by_priority(clinician)
    named = covers_visible_to(user).filter(Q(clinician=clinician) | Q(by=clinician)).not_over().with_now()
    both = list(named.select_related("clinician", "by"))
    found = [cover for cover in both if cover.clinician_id == clinician.pk]
    others = [cover for cover in both if cover.by_id == clinician.pk]
    may_change = user.has_perm("oncall.change_cover")
    add = f"{reverse('admin:oncall_cover_add')}?clinician={clinician.pk}"
    return {
        "plans": _plan_rows(request, clinician, applying) if clinician.active else [],
        "covers": [_row(cover, may_change=may_change) for cover in found],
        "covers_for": [f"{cover.clinician}, {words.span(cover)}" for cover in others],
        "line": _line(found) if found else None,
        "where": _where(clinician, [each for each in Priority if applying[each]]),
        "add_url": add if user.has_perm("oncall.add_cover") else "",
    }


def _plan_rows(
    request: HttpRequest, clinician: Clinician, applying: dict[Priority, FrozenPlan | None]
) -> list[dict[str, Any]]:
    keys = [plan.plan_id for plan in applying.values() if plan]
    plans_seen = plans_visible_to(request.user).filter(pk__in=keys)
    visible = set(plans_seen.values_list("pk", flat=True)) if keys else set()
    rows = []
    for priority, plan in applying.items():
        steps = asked.in_order(plan, addressed=clinician.pk, priority=priority) if plan else []
        rows.append(
            {
                "priority": priority.label,
                "sentence": words.summary(steps, clinician) if plan else words.NO_PLAN,
                "plan": plan.name if plan else "",
                "url": reverse("admin:oncall_plan_change", args=[plan.plan_id])
                if plan and plan.plan_id in visible
                else "",
            }
        )
    return rows


def _row(cover: Cover, *, may_change: bool) -> dict[str, Any]:
    state = "Away now" if cover.has_begun else "Planned"
    return {
        "sentence": f"{state}: {words.span(cover)}; {words.who_covers(cover)}",
        "reason": cover.reason,
        "has_begun": cover.has_begun,
        "has_cover": cover.by is not None,
        "change_url": reverse("admin:oncall_cover_change", args=[cover.pk]) if may_change else "",
        "end_url": reverse("admin:oncall_cover_end", args=[cover.pk]) if may_change else "",
        "when": words.span(cover),
    }


def _where(clinician: Clinician, with_plan: Sequence[Priority]) -> str:
    """A sentence that says for which priorities cover applies."""
    without = [priority.label for priority in Priority if priority not in with_plan]
    if not with_plan:
        return (
            "Cover holds where a plan asks for an answer, and no plan applies to this person's alerts: all go to them "
            "even while they are away."
        )
    here = get_text_list([priority.label for priority in with_plan], "and")
    if not without:
        return f"Cover holds where a plan asks for an answer: here for {here}."
    return (
        f"Cover holds where a plan asks for an answer: here for {here}. No plan applies to "
        f"{get_text_list(without, 'and')}: such alerts go to {clinician.name} even while they are away."
    )


def _line(covers: Sequence[Cover]) -> Line:
    now: datetime = covers[0].now  # type: ignore[attr-defined]  # by `with_now`
    end = min(max(*(cover.period.upper for cover in covers), now + LEAST), now + MOST)

    def place(at: datetime) -> float:
        part: float = (at - now) / (end - now)
        return round(WIDTH * min(max(part, 0.0), 1.0), 1)

    shown = [cover for cover in covers if cover.period.lower < end]
    bars = [
        Bar(
            place(cover.period.lower),
            max(place(cover.period.upper) - place(cover.period.lower), 4),
            cover.by is not None,
        )
        for cover in shown
    ]
    said = [f"{words.span(cover)}, {words.who_covers(cover)}" for cover in shown]
    return Line(
        bars,
        [place(at) for at in _midnights(now, end)],
        "now",
        words.moment(end),
        "Away: " + "; ".join(said),
    )


def _midnights(begins: datetime, ends: datetime) -> list[datetime]:
    """Each midnight in the hospital's time zone, or one a week. The night in which clocks change is longer or
    shorter.
    """
    every = 1 if ends - begins <= timedelta(days=DAYS) else 7
    zone, day = timezone.get_current_timezone(), timezone.localtime(begins).date()
    found: list[datetime] = []
    while True:
        day += timedelta(days=every)
        at = datetime(day.year, day.month, day.day, tzinfo=zone)
        if at >= ends:
            return found
        found.append(at)
