"""The person whom a step of a plan asks now. The engine and the pages of staff both use this."""

from collections.abc import Collection, Mapping, Sequence
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
    """The person whom a step means, the person whom it asks instead, and how to reach them."""

    step: FrozenStep
    meant: Clinician | None
    """None: the person whom the step names has been deleted."""
    covered: Covered
    route: Route | None
    """None: nobody is asked, because the people who cover are away."""

    @property
    def clinician(self) -> Clinician | None:
        """The person who is asked; None if the step is passed over at once."""
        return self.covered.clinician if self.route and self.route.steps else None


@dataclass(frozen=True)
class Wanted:
    """A step of a plan, for an alert to the clinician with the key `addressed`."""

    step: FrozenStep
    addressed: int | None
    priority: Priority

    @property
    def meant(self) -> int | None:
        """The key of the person whom the step means."""
        return self.addressed if self.step.target is Target.ADDRESSED else self.step.clinician_id


def whom(wanted: Sequence[Wanted]) -> list[AskedNow]:
    """For each of these steps, whom it asks now. About five queries, however many steps."""
    known = _looked_up({each.meant for each in wanted if each.meant is not None})
    covered = covers.now_asked_each(known.values())
    covering = {each.clinician.pk for each in covered.values() if each.clinician} - set(known)
    known |= _looked_up(covering) if covering else {}
    return [_asked_now(each, known, covered) for each in wanted]


def _looked_up(keys: Collection[int]) -> dict[int, Clinician]:
    return {each.pk: each for each in routing.all_looked_up(Clinician.objects.filter(pk__in=keys))}


def _asked_now(wanted: Wanted, known: Mapping[int, Clinician], covered: Mapping[int, Covered]) -> AskedNow:
    meant = None if wanted.meant is None else known.get(wanted.meant)
    if meant is None:
        return AskedNow(wanted.step, None, Covered(None, is_cover=False), None)
    found = covered[meant.pk]
    if found.clinician is None:
        return AskedNow(wanted.step, meant, found, None)
    asked = known.get(found.clinician.pk, found.clinician)
    return AskedNow(wanted.step, meant, Covered(asked, found.is_cover), routing.route(asked, wanted.priority))


def in_order(plan: FrozenPlan, *, addressed: int | None, priority: Priority) -> Sequence[AskedNow]:
    """For each step of the plan, whom it would ask if nobody answered before."""
    return whom([Wanted(step, addressed, priority) for step in plan.steps])
