"""Routes."""

import pytest
from pytest_django import DjangoAssertNumQueries

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.routing import NoRoute, Route, Skipped, Step, route

pytestmark = pytest.mark.django_db

CALL = Step(Channel.CALL, "+447700900001")
SMS = Step(Channel.SMS, "+447700900002")
EMAIL = Step(Channel.EMAIL, "clinician@ward.example")


def test_a_route_has_the_channels_in_order_with_addresses(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [Channel.EMAIL, Channel.CALL, Channel.SMS]})

    assert route(clinician, Priority.HIGH) == Route((EMAIL, CALL, SMS))


@pytest.mark.parametrize(
    ("priority", "steps"),
    [(Priority.HIGH, (CALL, SMS)), (Priority.MEDIUM, (SMS,)), (Priority.LOW, (EMAIL,))],
)
def test_each_priority_has_its_own_route(
    clinician: Clinician, priority: Priority, steps: tuple[Step, ...]
) -> None:
    assert route(clinician, priority) == Route(steps)


def test_a_channel_without_an_address_is_skipped(clinician: Clinician) -> None:
    clinician.call_number = ""

    assert route(clinician, Priority.HIGH) == Route((SMS,), skipped=(Skipped(Channel.CALL),))


def test_without_an_address_there_is_no_route(clinician: Clinician) -> None:
    clinician.call_number = clinician.sms_number = ""

    way = route(clinician, Priority.HIGH)

    assert (way.steps, way.reason) == ((), NoRoute.NO_ADDRESS)
    assert way.skipped == (Skipped(Channel.CALL), Skipped(Channel.SMS))


def test_without_a_preference_there_is_no_route(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: []})

    assert route(clinician, Priority.HIGH) == Route((), NoRoute.NO_PREFERENCE)


def test_an_inactive_clinician_has_no_route(clinician: Clinician) -> None:
    clinician.active = False

    assert route(clinician, Priority.HIGH) == Route((), NoRoute.INACTIVE)


def test_another_clinician_s_preferences_do_not_matter(clinician: Clinician) -> None:
    other = Clinician.objects.create(contact_id="C-2", name="Clinician C-2", email="other@ward.example")

    assert route(other, Priority.LOW) == Route((), NoRoute.NO_PREFERENCE)


def test_a_route_takes_two_queries(
    clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        route(clinician, Priority.HIGH)
