"""What is wrong with a plan, in sentences: on its page, in the list, and on Home."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, prefetch_related_objects

from contacts import problems as contacts_problems, routing
from contacts.choices import Priority
from contacts.models import Clinician
from oncall import channel_time, words
from oncall.models import Plan, PlanChoice, PlanStep, Target
from theme import times

ASKS_NOBODY = "It has no steps, so it asks nobody: alerts are sent as if there were no plan."
INACTIVE = "It is not active, so it asks nobody: alerts are sent as if there were no plan."
UNUSED = "It is used for no alerts."
READ_FOR_A_ROUTE = ("preferences", "obstacles", "email_subscriptions")
PREFETCHED: tuple[str | Prefetch[Any], ...] = (
    Prefetch("choices", PlanChoice.objects.select_related("clinician")),
    Prefetch("steps", PlanStep.objects.select_related("clinician")),
    *(f"steps__clinician__{name}" for name in READ_FOR_A_ROUTE),
)
"""Relations of a plan that `sentences` reads."""

Addressed = tuple[Clinician, Priority]
"""A person whom an alert may be for, and the priority."""


def sentences(plan: Plan) -> list[str]:
    """The problems of the plan, as sentences. No query if `PREFETCHED` were."""
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
    """Active plans that are used and have a problem. One query, and some more for those that may have one."""
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


def waits_too_short(plan: Plan, example: Iterable[Addressed] = ()) -> list[str]:
    """A sentence for each step whose wait ends before the person's own channels have all been tried.

    The people whom alerts may be for are known if the plan is used for people by name; `example` adds more. Three
    queries.
    """
    addressed = {(each.clinician, Priority(each.priority)) for each in plan.choices.all() if each.clinician}
    addressed |= set(example)
    prefetch_related_objects([clinician for clinician, _priority in addressed], *READ_FOR_A_ROUTE)
    by_contact_id = sorted(addressed, key=lambda each: (each[0].contact_id, each[1]))
    found = []
    for step in plan.steps.all():
        named = [(step.clinician, each) for each in _priorities(plan)] if step.clinician else []
        asked = named if step.target == Target.NAMED else by_contact_id
        short = [each for each in (_too_short(step, *who) for who in asked) if each]
        found += short[: contacts_problems.EXAMPLES]
        if short[contacts_problems.EXAMPLES :]:
            found.append(
                f"Step {step.position}: the same holds {len(short) - contacts_problems.EXAMPLES} times more."
            )
    return found


def _too_short(step: PlanStep, clinician: Clinician, priority: Priority) -> str:
    """The sentence; empty if the wait is long enough for this person."""
    needs = channel_time.needed(routing.route(clinician, priority))
    if step.wait >= needs:
        return ""
    return (
        f"Step {step.position}: {times.duration(step.wait)} is shorter than the {times.duration(needs)} that the "
        f"channels of {clinician} take for {priority.label}. The next person is asked while Bleep still tries this one."
    )


def _of_person(position: int, clinician: Clinician, priorities: Iterable[Priority]) -> Iterator[str]:
    if not clinician.active:
        yield f"Step {position}: {clinician} is not active, and is passed over."
        return
    for priority in priorities:
        reason = routing.route(clinician, priority).reason
        if reason:
            yield (
                f"Step {position}: {clinician} {words.UNREACHABLE[reason]} ({priority.label}), and is passed over."
            )


def _priorities(plan: Plan) -> list[Priority]:
    used = {choice.priority for choice in plan.choices.all()}
    return [priority for priority in Priority if priority in used]
