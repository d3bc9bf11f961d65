"""Whom a step of a plan asks at this moment. The engine and the pages of staff go by this alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts import routing
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Route
from oncall import covers
from oncall.covers import Covered
from oncall.models import Target
from oncall.plans import FrozenPlan, FrozenStep


@dataclass(frozen=True)
class AskedNow:
    """Whom a step means, whom it asks in their place, and how to reach them."""

    step: FrozenStep
    meant: Clinician | None
    """None: whom the step names is not there any more."""
    covered: Covered
    route: Route | None
    """None: nobody is asked, as those who cover are away."""

    @property
    def clinician(self) -> Clinician | None:
        """Who is asked; None if the step is passed over at once."""
        return self.covered.clinician if self.route and self.route.steps else None


def whom(step: FrozenStep, *, addressed: int | None, priority: Priority) -> AskedNow:
    """Whom the step asks now, for an alert to the clinician with the key `addressed`. Some five queries."""
    meant_key = addressed if step.target is Target.ADDRESSED else step.clinician_id
    meant = None if meant_key is None else routing.looked_up(Clinician.objects.filter(pk=meant_key))
    if meant is None:
        return AskedNow(step, None, Covered(None, is_cover=False), None)
    covered = covers.now_asked(meant)
    route = None if covered.clinician is None else routing.route(covered.clinician, priority)
    return AskedNow(step, meant, covered, route)


def in_order(plan: FrozenPlan, *, addressed: int | None, priority: Priority) -> Sequence[AskedNow]:
    """Each step of the plan, if nobody answered."""
    return [whom(step, addressed=addressed, priority=priority) for step in plan.steps]
