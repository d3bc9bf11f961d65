"""What is wrong with a plan, in sentences: on its page, in the list, and on Home."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q

from contacts import problems as contacts_problems, routing
from contacts.choices import Priority
from contacts.models import Clinician
from oncall import timing, wording
from oncall.models import Plan, PlanChoice, PlanStep, Target
from theme import times

ASKS_NOBODY = "It has no steps, so it asks nobody: alerts are sent as if there were no plan."
INACTIVE = "It is not active, so it asks nobody: alerts are sent as if there were no plan."
UNUSED = "It is used for no alerts."
PREFETCHED: tuple[str | Prefetch[Any], ...] = (
    Prefetch("choices", PlanChoice.objects.select_related("clinician")),
    Prefetch("steps", PlanStep.objects.select_related("clinician")),
    "steps__clinician__preferences",
    "steps__clinician__obstacles",
    "steps__clinician__email_subscriptions",
)
"""What `sentences` reads of a plan."""


def sentences(plan: Plan) -> list[str]:
    """What is wrong with the plan. No query where `PREFETCHED` were."""
    steps, choices = list(plan.steps.all()), list(plan.choices.all())
    found = []
    if not steps:
        found.append(ASKS_NOBODY)
    elif not plan.active:
        found.append(INACTIVE)
    if not choices:
        found.append(UNUSED)
    priorities = _priorities(plan)
    for step in steps:
        if step.target == Target.NAMED and step.clinician:
            found += _of_person(step.position, step.clinician, priorities)
    return found


def in_use() -> list[Plan]:
    """Active plans that are used and have a problem. One query, and some more where there may be any."""
    in_doubt = PlanStep.objects.filter(plan=OuterRef("pk")).filter(
        Q(clinician__active=False)
        | Q(clinician__in=Clinician.objects.filter(contacts_problems.any_condition()).values("pk"))
    )
    suspects = Plan.objects.filter(
        Exists(PlanChoice.objects.filter(plan=OuterRef("pk"))),
        Exists(in_doubt) | ~Exists(PlanStep.objects.filter(plan=OuterRef("pk"))),
        active=True,
    )
    return [plan for plan in suspects.prefetch_related(*PREFETCHED) if sentences(plan)]


def waits_too_short(plan: Plan, addressed: Iterable[Clinician] = ()) -> list[str]:
    """A sentence for each step whose wait ends before the person's own channels have all been tried.

    `addressed` are people to whom the alerts may be. Some three queries for each of them.
    """
    people = list(addressed)
    found: dict[str, None] = {}
    for step in plan.steps.all():
        asked = [step.clinician] if step.target == Target.NAMED else people
        for clinician in filter(None, asked):
            for priority in _priorities(plan):
                needs = timing.needed(routing.route(clinician, priority))
                if step.wait < needs:
                    wait, takes = times.duration(step.wait), times.duration(needs)
                    found[
                        f"Step {step.position}: {wait} is shorter than the {takes} that the channels of {clinician} "
                        f"take for {priority.label}. The next person is asked while Bleep still tries this one."
                    ] = None
    return list(found)


def _of_person(position: int, clinician: Clinician, priorities: Iterable[Priority]) -> Iterator[str]:
    if not clinician.active:
        yield f"Step {position}: {clinician} is not active, and is passed over."
        return
    for priority in priorities:
        reason = routing.route(clinician, priority).reason
        if reason:
            yield (
                f"Step {position}: {clinician} {wording.UNREACHABLE[reason]} ({priority.label}), and is passed over."
            )


def _priorities(plan: Plan) -> list[Priority]:
    used = {choice.priority for choice in plan.choices.all()}
    return [priority for priority in Priority if priority in used]
