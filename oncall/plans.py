"""The plan that applies to an alert, and the copy of it that the alert keeps."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from contacts.choices import Priority
from contacts.lookalikes import departments
from contacts.models import Clinician
from oncall import history
from oncall.models import Plan, PlanChoice, PlanStep, Target


@dataclass(frozen=True)
class FrozenStep:
    """A step as it was when the alert was taken."""

    target: Target
    clinician_id: int | None
    """The person whom it names; None if it names nobody."""
    wait: timedelta


@dataclass(frozen=True)
class FrozenPlan:
    """A plan as it was when the alert was taken: later changes do not affect alerts that are under way."""

    plan_id: int
    name: str
    steps: tuple[FrozenStep, ...]

    def as_json(self) -> dict[str, Any]:
        """For a JSON column. `wait` is in seconds."""
        steps = [{**asdict(step), "wait": step.wait.total_seconds()} for step in self.steps]
        return {"plan_id": self.plan_id, "name": self.name, "steps": steps}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "FrozenPlan":
        steps = tuple(
            FrozenStep(Target(each["target"]), each["clinician_id"], timedelta(seconds=each["wait"]))
            for each in stored["steps"]
        )
        return cls(stored["plan_id"], stored["name"], steps)


def freeze(plan: Plan) -> FrozenPlan:
    """The plan at present. No query if `steps` were prefetched."""
    return FrozenPlan(plan.pk, plan.name, tuple(_frozen(step) for step in plan.steps.all()))


def _frozen(step: PlanStep) -> FrozenStep:
    return FrozenStep(Target(step.target), step.clinician_id, step.wait)


def plan_for(clinician: Clinician, priority: Priority) -> FrozenPlan | None:
    """The plan for an alert of this priority: the clinician's own, or else their department's, or else everybody's.

    Two queries; one if there is none. An inactive plan, and one without steps, asks nobody, and so does not apply. It
    still hides a more general plan, because somebody chose it on purpose.
    """
    choice = _choices(clinician, priority).select_related("plan").prefetch_related("plan__steps").first()
    return None if choice is None else _applying(choice)


def by_priority(clinician: Clinician) -> dict[Priority, FrozenPlan | None]:
    """`plan_for` for each priority. Two queries; one where none applies."""
    found: dict[Priority, FrozenPlan | None] = dict.fromkeys(Priority)
    seen: set[str] = set()
    for choice in _choices(clinician, *Priority).select_related("plan").prefetch_related("plan__steps"):
        if choice.priority not in seen:
            seen.add(choice.priority)
            found[Priority(choice.priority)] = _applying(choice)
    return found


def _applying(choice: PlanChoice) -> FrozenPlan | None:
    frozen = freeze(choice.plan) if choice.plan.active else None
    return frozen if frozen and frozen.steps else None


def _choices(clinician: Clinician, *priorities: Priority) -> QuerySet[PlanChoice]:
    """The choices that fit, the most specific first."""
    own = Q(clinician=clinician.pk)
    key = departments.fold(clinician.department)
    theirs_or_everybody = Q(clinician=None, department_key__in=[key, ""])
    nearest = (F("clinician_id").asc(nulls_last=True), F("department_key").desc())
    return PlanChoice.objects.filter(own | theirs_or_everybody, priority__in=priorities).order_by(*nearest)


def with_plan(clinicians: Iterable[Clinician]) -> dict[int, list[Priority]]:
    """By key: the priorities for which a plan applies to each of these clinicians; only those who have any. Two
    queries.
    """
    people = list(clinicians)
    if not people:
        return {}
    keys = {clinician.pk: departments.fold(clinician.department) for clinician in people}
    chosen = PlanChoice.objects.filter(
        Q(clinician__in=list(keys)) | Q(clinician=None, department_key__in={*keys.values(), ""})
    )
    asks = {
        (each.priority, each.clinician_id, each.department_key): each.plan.active
        and bool(each.plan.steps.all())
        for each in chosen.select_related("plan").prefetch_related("plan__steps")
    }
    found: dict[int, list[Priority]] = {}
    for pk, key in keys.items():
        for priority in Priority:
            nearest = ((priority, pk, ""), (priority, None, key), (priority, None, ""))
            if next((asks[each] for each in nearest if each in asks), False):
                found.setdefault(pk, []).append(priority)
    return found


@dataclass(frozen=True)
class Use:
    """The alerts that a plan is used for: to a clinician, or else to a department, or else to everybody."""

    priority: Priority
    clinician: Clinician | None = None
    department: str = ""

    @property
    def key(self) -> tuple[str, int | None, str]:
        """Equal for two uses that cannot belong to two plans."""
        return (
            self.priority.value,
            self.clinician.pk if self.clinician else None,
            departments.fold(self.department),
        )


def write(plan: Plan, steps: Sequence[FrozenStep], uses: Sequence[Use]) -> None:
    """Give the plan these steps, in this order, and these uses, and put the change into its history. One transaction.

    Old steps are replaced: alerts that are under way have their own copy, and nothing else refers to a step.

    Raises:
        IntegrityError: another plan is used for the same alerts.
    """
    with transaction.atomic():
        plan.steps.all().delete()
        PlanStep.objects.bulk_create(
            PlanStep(
                plan=plan,
                position=position,
                target=step.target,
                clinician_id=step.clinician_id,
                wait=step.wait,
            )
            for position, step in enumerate(steps, start=1)
        )
        wanted = {use.key: use for use in uses}
        for old in plan.choices.all():
            if (old.priority, old.clinician_id, old.department_key) not in wanted:
                old.delete()
            else:
                wanted.pop((old.priority, old.clinician_id, old.department_key))
        for use in wanted.values():
            PlanChoice.objects.create(
                plan=plan, priority=use.priority, clinician=use.clinician, department=use.department
            )
        _enter(plan)


def _enter(plan: Plan) -> None:
    """Add a history entry: the first for a new plan, and none if nothing has changed."""
    before = plan.history.first()
    plan.save()
    entry = plan.history.first()
    if before is None:
        plan.history.filter(pk=entry.pk).update(history_type="+")
    elif not history.changes(entry, before):
        entry.delete()


def used_elsewhere(use: Use, *, but: int | None) -> Plan | None:
    """A plan other than the one with the key `but` that is used for the same alerts."""
    priority, clinician_id, department_key = use.key
    found = PlanChoice.objects.filter(
        priority=priority, clinician=clinician_id, department_key=department_key
    )
    choice = (found if but is None else found.exclude(plan=but)).select_related("plan").first()
    return choice.plan if choice else None
