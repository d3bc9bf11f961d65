"""What a provider said of an address is remembered at that very address, and the route goes round it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from contacts import obstacles, preferences, problems, route_words, routing
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician, Obstacle
from contacts.problems import Problem
from contacts.routing import NoRoute, Step, route

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
OPTED_OUT = ObstacleKind.OPTED_OUT


def met(clinician: Clinician, channel: Channel, kind: ObstacleKind = OPTED_OUT) -> None:
    obstacles.remember(clinician.pk, channel, clinician.address(channel), kind)


def channels(clinician: Clinician, priority: Priority) -> list[Channel]:
    return [step.channel for step in route(clinician, priority).steps]


def sms_then_email(clinician: Clinician, priority: Priority) -> None:
    preferences.replace(clinician, {priority: [SMS, EMAIL]})


@pytest.mark.parametrize("priority", Priority)
def test_a_number_that_has_opted_out_is_tried_last_whatever_the_priority(
    clinician: Clinician, priority: Priority
) -> None:
    sms_then_email(clinician, priority)
    assert channels(clinician, priority) == [SMS, EMAIL]

    met(clinician, SMS)

    way = route(clinician, priority)
    assert [step.channel for step in way.steps] == [EMAIL, SMS]
    assert [(each.channel, each.obstacle) for each in way.skipped] == [(SMS, OPTED_OUT)]
    assert way.skipped[0].since == Obstacle.objects.get().since


def test_an_address_is_tried_all_the_same_where_nothing_else_is_left(clinician: Clinician) -> None:
    met(clinician, SMS)

    assert route(clinician, Priority.MEDIUM).steps == (Step(SMS, "+447700900002"),)


def test_a_channel_without_an_address_is_named_as_skipped(clinician: Clinician) -> None:
    clinician.call_number = ""

    way = route(clinician, Priority.HIGH)

    assert [(each.channel, each.obstacle, each.since) for each in way.skipped] == [(CALL, None, None)]


def test_another_address_knows_nothing_of_it(clinician: Clinician) -> None:
    sms_then_email(clinician, Priority.MEDIUM)
    met(clinician, SMS)

    clinician.sms_number = "+447700900003"

    assert channels(clinician, Priority.MEDIUM) == [SMS, EMAIL]
    assert problems.sentences(clinician) == []


def test_the_same_number_for_calls_is_not_affected(clinician: Clinician) -> None:
    Clinician.objects.update(call_number=clinician.sms_number)
    met(clinician, SMS)

    assert channels(Clinician.objects.get(), Priority.HIGH) == [CALL, SMS]


def test_it_is_asked_again_in_its_place_after_an_hour(clinician: Clinician) -> None:
    sms_then_email(clinician, Priority.MEDIUM)
    met(clinician, SMS)

    Obstacle.objects.update(asked_at=Now() - obstacles.ASK_AGAIN_AFTER - timedelta(seconds=1))

    assert channels(clinician, Priority.MEDIUM) == [SMS, EMAIL]
    assert problems.sentences(clinician) != []  # it is still what is known


def test_an_obstacle_met_again_keeps_its_beginning_and_a_new_kind_begins_now(clinician: Clinician) -> None:
    met(clinician, SMS)
    Obstacle.objects.update(since=Now() - timedelta(days=2), asked_at=Now() - timedelta(hours=2))
    before = Obstacle.objects.get()

    met(clinician, SMS)

    again = Obstacle.objects.get()
    assert again.since == before.since
    assert again.asked_at - before.asked_at > timedelta(hours=1)

    met(clinician, SMS, ObstacleKind.INVALID_ADDRESS)

    other = Obstacle.objects.get()
    assert (other.kind, other.since - before.since > timedelta(days=1)) == ("invalid_address", True)


def test_it_is_forgotten_only_where_that_address_works(clinician: Clinician) -> None:
    met(clinician, SMS)

    obstacles.forget(clinician.pk, SMS, "+447700900003")
    obstacles.forget(clinician.pk, CALL, clinician.sms_number)
    assert Obstacle.objects.exists()

    obstacles.forget(clinician.pk, SMS, clinician.sms_number)
    assert not Obstacle.objects.exists()


def test_a_route_needs_no_query_for_obstacles_where_there_are_none(
    clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        found = routing.find("C-1")
        assert found
        assert route(found, Priority.HIGH).reason is None


def test_an_unknown_person_is_nobody() -> None:
    assert routing.find("C-0") is None


def test_an_inactive_clinician_has_no_route_and_nothing_skipped(clinician: Clinician) -> None:
    met(clinician, SMS)
    clinician.active = False

    assert route(clinician, Priority.MEDIUM) == routing.Route((), NoRoute.INACTIVE)


def test_the_preview_says_what_is_tried_last_and_why(clinician: Clinician) -> None:
    sms_then_email(clinician, Priority.MEDIUM)
    met(clinician, SMS)
    Obstacle.objects.update(since="2026-11-28T14:03:00Z")

    assert route_words.describe(route(clinician, Priority.MEDIUM)) == (
        "e-mail to clinician@ward.example, and only if that fails SMS to +44 7700 900002: "
        "this number has opted out of SMS (known since 28 November 2026, 14:03)"
    )


def test_a_number_that_does_not_work_is_not_tried_again_and_again(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [CALL, SMS, CALL]})
    assert channels(clinician, Priority.HIGH) == [CALL, SMS, CALL]
    assert route_words.describe(route(clinician, Priority.HIGH)) == (
        "call +44 7700 900001, then SMS to +44 7700 900002, then call +44 7700 900001 again"
    )

    met(clinician, CALL, ObstacleKind.NOT_ALLOWED)

    assert channels(clinician, Priority.HIGH) == [SMS, CALL]


def test_the_preview_says_why_what_alone_is_left_will_hardly_work(clinician: Clinician) -> None:
    met(clinician, EMAIL, ObstacleKind.INVALID_ADDRESS)
    Obstacle.objects.update(since="2026-11-28T14:03:00Z")

    assert route_words.describe(route(clinician, Priority.LOW)) == (
        "e-mail to clinician@ward.example, though this e-mail address was refused by the provider "
        "(known since 28 November 2026, 14:03)"
    )


def test_it_is_a_problem_of_a_channel_that_is_chosen(clinician: Clinician) -> None:
    met(clinician, SMS)
    Obstacle.objects.update(since="2026-11-28T14:03:00Z")

    assert problems.sentences(clinician) == [
        "SMS: this number has opted out of SMS (known since 28 November 2026, 14:03)."
    ]
    with_it = Clinician.objects.filter(problems.condition(Problem.OBSTACLE))
    assert list(with_it) == [clinician]

    Clinician.objects.update(sms_number="+447700900003")
    assert not with_it.all().exists()


def test_it_is_no_problem_of_a_channel_that_nobody_chose(clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.MEDIUM: [CALL], Priority.HIGH: [CALL]})
    met(clinician, SMS)

    assert problems.sentences(clinician) == []
    assert not Clinician.objects.filter(problems.any_condition()).exists()
