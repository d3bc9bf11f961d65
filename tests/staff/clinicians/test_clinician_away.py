"""What a clinician's page says of plans and cover."""

from typing import Any

import pytest
from django.test import Client

from contacts.models import Clinician
from tests.oncall.factories import MINUTE, cover, make_colleague, make_plan

pytestmark = pytest.mark.django_db


def page(client: Client, clinician: Clinician) -> str:
    answer: Any = client.get(f"/admin/contacts/clinician/{clinician.pk}/change/")
    return " ".join(answer.content.decode().split())


def test_it_says_who_is_asked_for_each_priority(operator: Client, clinician: Clinician) -> None:
    make_plan(None, make_colleague("C-2"), name="On the ward", clinician=clinician)

    text = page(operator, clinician)

    assert (
        "asked for an answer within 2 min; then Clinician C-2 (C-2), within 2 min; then the desk is told"
        in text
    )
    assert "On the ward</a>" in text
    assert text.count("no plan applies: nobody is asked for an answer") == 2
    assert (
        "here for High. No plan applies to Medium and Low: such alerts go to Clinician C-1 even while" in text
    )


def test_a_person_whom_a_plan_names_twice_is_asked_again(operator: Client, clinician: Clinician) -> None:
    make_plan(None, clinician)

    assert "asked for an answer within 2 min; then asked again within 2 min; then the desk" in page(
        operator, clinician
    )


def test_it_resolves_cover_as_the_engine_does(operator: Client, clinician: Clinician) -> None:
    make_plan(None)
    cover(clinician, make_colleague("C-2"))

    assert "Clinician C-2 (C-2) in place of Clinician C-1 (C-1), within 2 min; then" in page(
        operator, clinician
    )


def test_a_plan_that_reaches_nobody_says_so(operator: Client, clinician: Clinician) -> None:
    make_plan(None)
    cover(clinician, None)

    text = page(operator, clinician)

    assert "the plan reaches nobody now: alerts are refused" in text
    assert "Plans pass this person over." in text


def test_without_any_plan_it_says_that_cover_changes_nothing(operator: Client, clinician: Clinician) -> None:
    assert "no plan applies to this person&#x27;s alerts: all go to them even while they are away" in page(
        operator, clinician
    )


def test_covers_are_drawn_on_a_line_with_words(operator: Client, clinician: Clinician) -> None:
    cover(clinician, None, begins=-MINUTE, lasts=2 * MINUTE)
    cover(clinician, make_colleague("C-2"), begins=100 * MINUTE, lasts=7 * 24 * 60 * MINUTE)

    text = page(operator, clinician)

    assert text.count('class="cover-bar"') == text.count('class="cover-none"') == 1
    assert 'role="img" aria-label="Away: ' in text
    assert "Away now: " in text
    assert "Planned: " in text
