"""Whom an alert may miss, as far as their own page says."""

from typing import Any

import pytest

from contacts import preferences, reachability
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.conftest import make_clinician

pytestmark = pytest.mark.django_db

H, M, L = Priority


def names() -> list[str]:
    return [name for _key, name in reachability.unreachable().examples]


def test_who_has_a_channel_with_an_address_for_everything_is_not_named(clinician: Clinician) -> None:
    assert reachability.unreachable() == reachability.Unreachable(0, ())


@pytest.mark.parametrize("priority", Priority)
def test_who_has_no_channel_for_a_priority_is_named(clinician: Clinician, priority: Priority) -> None:
    preferences.replace(clinician, {priority: []})

    assert names() == [clinician.name]


@pytest.mark.parametrize("field", ["call_number", "sms_number", "email"])
def test_who_has_no_address_for_a_channel_is_named(clinician: Clinician, field: str) -> None:
    Clinician.objects.update(**{field: ""})

    assert names() == [clinician.name]


@pytest.mark.parametrize("fields", [{"active": False}])
def test_who_is_inactive_is_not_to_be_reached(clinician: Clinician, fields: dict[str, Any]) -> None:
    preferences.replace(clinician, {H: []})
    Clinician.objects.update(**fields)

    assert names() == []


def test_an_address_that_no_channel_uses_may_be_missing() -> None:
    make_clinician("C-1", {H: [Channel.CALL], M: [Channel.CALL], L: [Channel.CALL]}, sms_number="", email="")

    assert names() == []


def test_the_first_are_named_and_all_are_counted() -> None:
    for number in range(reachability.EXAMPLES + 3):
        make_clinician(f"C-{number}", {})

    found = reachability.unreachable()

    assert found.count == reachability.EXAMPLES + 3
    assert len(found.examples) == reachability.EXAMPLES
