"""An e-mail address is in a route only while it is known to be confirmed."""

import pytest
from pytest_django import DjangoAssertNumQueries

from contacts import preferences, problems, route_words, routing
from contacts.choices import Channel, ObstacleKind, Priority, Subscription
from contacts.models import Clinician, EmailSubscription
from contacts.problems import Problem
from contacts.routing import NoRoute, Skipped, route

pytestmark = pytest.mark.django_db

SMS, EMAIL = Channel.SMS, Channel.EMAIL
NOT_CONFIRMED = [each for each in Subscription if each is not Subscription.CONFIRMED]


@pytest.fixture
def unconfirmed(clinician: Clinician) -> Clinician:
    """C-1 by e-mail, then SMS, at every priority; nobody has confirmed the address."""
    preferences.replace(clinician, {priority: [EMAIL, SMS] for priority in Priority})
    EmailSubscription.objects.update(state="pending", since="2026-11-28T14:03:00Z")
    return clinician


@pytest.mark.parametrize("priority", Priority)
def test_it_is_left_out_whatever_the_priority(unconfirmed: Clinician, priority: Priority) -> None:
    way = route(unconfirmed, priority)

    assert [step.channel for step in way.steps] == [SMS]
    since = EmailSubscription.objects.get().since
    assert way.skipped == (Skipped(EMAIL, ObstacleKind.UNCONFIRMED, since),)


@pytest.mark.parametrize("state", NOT_CONFIRMED)
def test_only_confirmed_is_confirmed(clinician: Clinician, state: Subscription) -> None:
    EmailSubscription.objects.update(state=state)

    assert route(clinician, Priority.LOW).reason is NoRoute.EMAIL_UNCONFIRMED
    assert problems.sentences(clinician) == [f"E-mail: the subscription {state.label}."]
    assert list(Clinician.objects.filter(problems.condition(Problem.UNCONFIRMED))) == [clinician]
    assert problems.unconfirmed().examples == ((clinician.pk, clinician.name),)


def test_an_address_that_aws_was_not_asked_about_yet_is_not_confirmed(clinician: Clinician) -> None:
    clinician.email = "new@ward.example"
    clinician.save()

    assert route(clinician, Priority.LOW).reason is NoRoute.EMAIL_UNCONFIRMED
    assert problems.sentences(clinician) == ["E-mail: the subscription is not yet made at AWS."]


def test_the_same_address_in_other_letters_stays_confirmed(clinician: Clinician) -> None:
    clinician.email = "CLINICIAN@ward.example"
    clinician.save()

    assert route(clinician, Priority.LOW).reason is None
    assert not Clinician.objects.filter(problems.any_condition()).exists()


def test_another_clinician_with_the_same_address_confirms_for_themselves(clinician: Clinician) -> None:
    other = Clinician.objects.create(contact_id="C-2", name="Other", email=clinician.email)
    preferences.replace(other, {Priority.LOW: [EMAIL]})

    assert route(other, Priority.LOW).reason is NoRoute.EMAIL_UNCONFIRMED


@pytest.mark.parametrize("state", [None, *Subscription])
def test_the_way_of_an_alert_costs_no_query_more(
    clinician: Clinician, state: Subscription | None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    EmailSubscription.objects.update(state=state) if state else EmailSubscription.objects.all().delete()

    with django_assert_num_queries(2):
        found = routing.find("C-1")
        assert found
        way = route(found, Priority.LOW)

    assert way == route(clinician, Priority.LOW)
    assert (way.reason is None) is (state is Subscription.CONFIRMED)


def test_the_preview_says_that_it_is_left_out_and_why(unconfirmed: Clinician) -> None:
    assert route_words.describe(route(unconfirmed, Priority.LOW)) == (
        "SMS to +44 7700 900002; not by e-mail: this e-mail address is not confirmed "
        "(known since 28 November 2026, 14:03)"
    )


def test_the_preview_says_that_nobody_would_be_reached(unconfirmed: Clinician) -> None:
    preferences.replace(unconfirmed, {Priority.LOW: [EMAIL]})

    assert route_words.describe(route(unconfirmed, Priority.LOW)) == (
        "nobody would be alerted: the e-mail address is not confirmed"
    )


def test_it_is_no_problem_where_nobody_chose_email(unconfirmed: Clinician) -> None:
    preferences.replace(unconfirmed, {priority: [SMS] for priority in Priority})

    assert problems.sentences(unconfirmed) == []
    assert problems.unconfirmed().count == 0


def test_an_address_has_its_subscription_at_once() -> None:
    Clinician.objects.create(contact_id="C-1", name="Ann", email="Ann@ward.example")
    gone = Clinician.objects.create(contact_id="C-2", name="Bo", email="bo@ward.example", active=False)
    Clinician.objects.create(contact_id="C-3", name="Cy")
    found = EmailSubscription.objects.order_by("pk").values_list("address", "state")

    assert list(found.all()) == [("ann@ward.example", "wanted")]

    Clinician.objects.filter(pk=gone.pk).update(active=True)

    assert list(found.all())[1:] == [("bo@ward.example", "wanted")]


def test_an_address_that_is_entered_again_is_wanted_at_once(clinician: Clinician) -> None:
    address = clinician.email
    Clinician.objects.update(email="")
    assert EmailSubscription.objects.get().state == "unwanted"

    Clinician.objects.update(email=address)

    assert EmailSubscription.objects.get().state == "wanted"
