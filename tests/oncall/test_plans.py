"""Which plan applies to whose alerts."""

import pytest
from django.db import IntegrityError, transaction

from contacts.choices import Priority
from contacts.models import Clinician
from oncall import plans
from oncall.models import Plan, PlanChoice
from tests.oncall.factories import MINUTE, make_colleague, make_plan

pytestmark = pytest.mark.django_db


def chosen(clinician: Clinician, priority: Priority = Priority.HIGH) -> str | None:
    plan = plans.plan_for(clinician, priority)
    return plan.name if plan else None


def test_the_nearest_plan_applies(clinician: Clinician) -> None:
    Clinician.objects.filter(pk=clinician.pk).update(department="Ward 4")
    clinician.refresh_from_db()
    assert chosen(clinician) is None
    make_plan(None, name="for all")
    assert chosen(clinician) == "for all"
    make_plan(None, name="of the ward", department="ward4")
    assert chosen(clinician) == "of the ward"
    make_plan(None, name="their own", clinician=clinician)
    assert chosen(clinician) == "their own"
    assert chosen(clinician, Priority.LOW) is None


def test_a_department_s_plan_is_for_nobody_else(clinician: Clinician) -> None:
    Clinician.objects.filter(pk=clinician.pk).update(department="")
    clinician.refresh_from_db()
    make_plan(None, department="Ward 4")
    assert chosen(clinician) is None


def test_a_plan_that_asks_nobody_does_not_apply_and_hides_a_general_one(clinician: Clinician) -> None:
    make_plan(None, name="for all")
    own = make_plan(name="empty", clinician=clinician)
    assert chosen(clinician) is None
    Plan.objects.filter(pk=own.pk).update(active=False)
    assert chosen(clinician) is None


def test_a_frozen_plan_comes_back_the_same(clinician: Clinician) -> None:
    make_plan(None, make_colleague("C-2"), wait=90 * MINUTE)
    frozen = plans.plan_for(clinician, Priority.HIGH)
    assert frozen is not None
    assert plans.FrozenPlan.from_json(frozen.as_json()) == frozen
    assert [step.wait for step in frozen.steps] == [90 * MINUTE] * 2


@pytest.mark.parametrize("department", ["", "Ward 4"])
def test_one_plan_is_chosen_for_each(department: str) -> None:
    plan = make_plan(None, department=department)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanChoice.objects.create(plan=plan, priority=Priority.HIGH, department=department.upper())
