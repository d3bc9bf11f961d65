"""What Home says of plans and cover."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from contacts.choices import Priority
from contacts.models import Clinician
from oncall.models import Plan
from tests.factories import make_clinician
from tests.oncall.factories import cover, make_colleague, make_plan

pytestmark = pytest.mark.django_db


def items(client: Client) -> dict[str, Any]:
    caches["process"].clear()
    return {item.kind: item for item in client.get("/admin/").context["attention"].items}


def test_who_is_away_without_cover_is_named_if_a_plan_applies(operator: Client, clinician: Clinician) -> None:
    cover(clinician, None)
    assert "away" not in items(operator), "no plan asks them"

    make_plan(None, clinician=clinician)

    item = items(operator)["away"]
    assert item.sentence == "1 clinician is away, and nobody who is there covers for them."
    assert [link.text for link in item.links] == [str(clinician)]


def test_who_is_covered_by_somebody_who_is_there_is_not_named(operator: Client, clinician: Clinician) -> None:
    make_plan(None)
    colleague, third = make_colleague("C-2"), make_colleague("C-3")
    cover(clinician, colleague)
    cover(colleague, third)
    assert "away" not in items(operator)

    cover(third, clinician)

    assert items(operator)["away"].count == 1
    named = [link.text for link in items(operator)["away"].links]
    assert sorted(named) == [str(each) for each in (clinician, colleague, third)]


def test_a_plan_in_use_that_names_somebody_who_cannot_be_reached_is_an_item(
    operator: Client, clinician: Clinician
) -> None:
    plan = make_plan(None, clinician, name="Nights")
    assert "plans" not in items(operator)

    Clinician.objects.filter(pk=clinician.pk).update(active=False)

    assert [link.text for link in items(operator)["plans"].links] == ["Nights"]
    Plan.objects.filter(pk=plan.pk).update(active=False)
    assert "plans" not in items(operator), "an inactive plan does no harm"


def test_a_plan_without_steps_and_one_that_reaches_nobody_are_items(operator: Client) -> None:
    make_plan(name="Empty")
    make_plan(make_clinician("C-9", {}), name="In vain", priority=Priority.LOW)

    assert [link.text for link in items(operator)["plans"].links] == ["Empty", "In vain"]
