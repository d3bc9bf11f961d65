"""Who is asked in somebody's place."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction

from contacts.models import Clinician
from oncall import covers
from tests.oncall.factories import MINUTE, cover, make_colleague

pytestmark = pytest.mark.django_db


def test_nobody_covers(clinician: Clinician) -> None:
    assert covers.now_asked(clinician) == covers.Covered(clinician, is_cover=False)


def test_a_colleague_covers_for_a_time(clinician: Clinician) -> None:
    colleague = make_colleague("C-2")
    cover(clinician, colleague)
    assert covers.now_asked(clinician) == covers.Covered(colleague, is_cover=True)


@pytest.mark.parametrize("begins", [MINUTE, -2 * timedelta(hours=1)])
def test_a_cover_that_has_not_begun_or_is_over_changes_nothing(
    clinician: Clinician, begins: timedelta
) -> None:
    cover(clinician, make_colleague("C-2"), begins=begins)
    assert covers.now_asked(clinician).clinician == clinician


def test_a_chain_of_covers_may_have_three_links(clinician: Clinician) -> None:
    people = [clinician, *(make_colleague(f"C-{number}") for number in range(2, 7))]
    for away, by in pairwise(people[:4]):
        cover(away, by)
    assert covers.now_asked(clinician).clinician == people[3]
    cover(people[3], people[4])
    assert covers.now_asked(clinician).clinician is None


def test_covers_in_a_circle_ask_nobody(clinician: Clinician) -> None:
    colleague = make_colleague("C-2")
    cover(clinician, colleague)
    cover(colleague, clinician)
    assert covers.now_asked(clinician).clinician is None


def test_away_without_cover_asks_nobody(clinician: Clinician) -> None:
    cover(clinician, None)
    assert covers.now_asked(clinician) == covers.Covered(None, is_cover=True)


def test_two_covers_at_one_time_are_refused(clinician: Clinician) -> None:
    cover(clinician, make_colleague("C-2"))
    with pytest.raises(IntegrityError, match="cover_one_at_a_time"), transaction.atomic():
        cover(clinician, make_colleague("C-3"), begins=30 * MINUTE)
    cover(clinician, None, begins=60 * MINUTE)  # one begins where the other ends


def test_nobody_covers_for_themselves(clinician: Clinician) -> None:
    with pytest.raises(IntegrityError, match="cover_is_by_somebody_else"), transaction.atomic():
        cover(clinician, clinician)
