"""Plans and covers as a test wants them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts.choices import Channel, Priority
from contacts.models import Clinician
from oncall.models import Cover, Plan, PlanChoice, PlanStep, Target
from tests.factories import make_clinician

WANTED = {
    Priority.HIGH: [Channel.CALL, Channel.SMS],
    Priority.MEDIUM: [Channel.SMS],
    Priority.LOW: [Channel.SMS],
}
MINUTE = timedelta(minutes=1)


def make_colleague(contact_id: str, **fields: Any) -> Clinician:
    """Somebody with the telephone numbers of the fixture's clinician, unless others are given."""
    return make_clinician(contact_id, WANTED, **fields)


def make_plan(
    *steps: Clinician | None,
    priority: Priority = Priority.HIGH,
    clinician: Clinician | None = None,
    department: str = "",
    wait: timedelta = 2 * MINUTE,
    name: str = "",
) -> Plan:
    """A plan that asks these one after the other; None stands for the person the alert is for.

    It is used for one clinician or department, or for all.
    """
    plan = Plan.objects.create(name=name or f"Plan {Plan.objects.count() + 1}")
    for position, person in enumerate(steps, start=1):
        target = Target.NAMED if person else Target.ADDRESSED
        PlanStep.objects.create(plan=plan, position=position, target=target, clinician=person, wait=wait)
    PlanChoice.objects.create(plan=plan, priority=priority, clinician=clinician, department=department)
    return plan


def cover(
    clinician: Clinician,
    by: Clinician | None,
    *,
    begins: timedelta = -MINUTE,
    lasts: timedelta = timedelta(hours=1),
) -> Cover:
    """A cover from now."""
    begin = timezone.now() + begins
    return Cover.objects.create(clinician=clinician, by=by, period=(begin, begin + lasts))
