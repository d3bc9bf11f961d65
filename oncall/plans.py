"""Which plan applies to an alert, and what it says, as an alert keeps it."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from contacts.choices import Priority
from contacts.lookalikes import departments
from contacts.models import Clinician
from oncall.models import Plan, PlanChoice, PlanStep, Target


@dataclass(frozen=True)
class FrozenStep:
    """A step as it was when the alert was taken."""

    target: Target
    clinician_id: int | None
    """Whom it names; None where it names nobody."""
    wait: timedelta


@dataclass(frozen=True)
class FrozenPlan:
    """A plan as it was when the alert was taken: later changes to it do not move what is under way."""

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
    """The plan as it is now. No query if `steps` were prefetched."""
    return FrozenPlan(plan.pk, plan.name, tuple(_frozen(step) for step in plan.steps.all()))


def _frozen(step: PlanStep) -> FrozenStep:
    return FrozenStep(Target(step.target), step.clinician_id, step.wait)


def plan_for(clinician: Clinician, priority: Priority) -> FrozenPlan | None:
    """The plan for an alert of this priority: the clinician's own, else their department's, else everybody's.

    Two queries; one where none applies. A plan that is inactive or has no steps asks nobody, and so does not apply;
    it still hides a more general one, as whoever chose it meant.
    """
    choice = _choices(clinician, priority).select_related("plan").prefetch_related("plan__steps").first()
    if choice is None or not choice.plan.active:
        return None
    frozen = freeze(choice.plan)
    return frozen if frozen.steps else None


def _choices(clinician: Clinician, priority: Priority) -> QuerySet[PlanChoice]:
    """The choices that fit, the nearest first."""
    own = Q(clinician=clinician.pk)
    key = departments.fold(clinician.department)
    theirs_or_everybody = Q(clinician=None, department_key__in=[key, ""])
    nearest = (F("clinician_id").asc(nulls_last=True), F("department_key").desc())
    return PlanChoice.objects.filter(own | theirs_or_everybody, priority=priority).order_by(*nearest)
