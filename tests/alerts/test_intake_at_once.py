"""The one statement of intake and the readable way decide the same, whatever the token, the clinician and the alert."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from alerts import intake
from alerts.api.response_body.alert import answer
from alerts.models import Alert, Delivery
from clients import tokens
from clients.authentication import TokenAuthentication
from clients.models import Access, ApiClient, ApiToken
from contacts.choices import Channel, ObstacleKind, Priority, Subscription
from contacts.models import ADDRESS_FIELDS, MAX_TIMES, Clinician, EmailSubscription, Obstacle
from oncall.models import Plan
from tests.factories import an_alert, make_clinician
from tests.oncall.factories import make_colleague, make_plan
from tests.round_trips import round_trips
from tests.sender import Sender

pytestmark = pytest.mark.django_db

OTHER = "+447700900009"
ROUTES = [
    (),
    *itertools.chain(*(itertools.product(Channel, repeat=length) for length in range(1, MAX_TIMES + 1))),
]
PLANNED = ("their own", "all", "somebody else's", "their department, spelt otherwise", "another department")
"""Whose alerts a plan is for."""
PLANS = list(itertools.product(PLANNED, [Priority.HIGH, Priority.MEDIUM], [True, False]))
DIFFERS = {"id", "alert_id", "created_at", "available_at"}


@dataclass(frozen=True)
class World:
    """What there is when an alert comes."""

    access: Access
    revoked: bool
    expires_in: timedelta | None
    used_ago: timedelta | None
    client_is_active: bool
    clinician_is_active: bool
    contact_id: str
    missing: tuple[str, ...]
    channels: tuple[Channel, ...]
    email_state: Subscription | None
    """None: another address of theirs is confirmed."""
    obstacle: tuple[Channel, bool, timedelta] | None
    """Its channel, whether it is of the present address, and its age."""
    department: str
    plan: tuple[str, Priority, bool] | None
    """Whose alerts, of which priority, and whether it is active."""
    stored: str
    """Which alert has the message_id already."""


def mostly(usual: Any, *unusual: Any) -> st.SearchStrategy[Any]:
    """So that not everything is unusual at once, and then nothing is ever stored."""
    return st.sampled_from([usual] * (8 * len(unusual)) + list(unusual))


rarely = st.integers(0, 8).map(lambda number: number == 0)
usually = rarely.map(lambda value: not value)
WORLDS = st.builds(
    World,
    access=mostly(Access.SEND, Access.READ),
    revoked=rarely,
    expires_in=mostly(None, timedelta(days=1), timedelta(seconds=-1)),
    used_ago=st.sampled_from([None, timedelta(), timedelta(seconds=30), timedelta(seconds=90)]),
    client_is_active=usually,
    clinician_is_active=usually,
    contact_id=mostly("C-1", "C-2", "c-1"),
    missing=mostly((), *((field,) for field in ADDRESS_FIELDS)),
    channels=st.sampled_from(ROUTES),
    email_state=mostly(
        Subscription.CONFIRMED, None, *(each for each in Subscription if each != Subscription.CONFIRMED)
    ),
    obstacle=mostly(None, *itertools.product(Channel, [True, False], [timedelta(), timedelta(hours=2)])),
    department=st.sampled_from(["", "Ward 5"]),
    plan=st.sampled_from([*[None] * 20, *PLANS]),
    stored=mostly("", "same", "other", "of another client"),
)


@contextmanager
def undone() -> Iterator[None]:
    """What happens here is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def made(world: World) -> tuple[ApiToken, str]:
    """Fill the database. The token, and its secret."""
    client = ApiClient.objects.create(name="Lab", active=world.client_is_active)
    token, secret = tokens.issue(client=client, access=world.access)
    now = timezone.now()
    token.revoked_at = now if world.revoked else None
    token.expires_at = now + world.expires_in if world.expires_in is not None else None
    token.last_used_at = now - world.used_ago if world.used_ago is not None else None
    token.save()
    wanted = {Priority.HIGH: list(world.channels)}
    clinician = make_clinician("C-1", wanted, active=world.clinician_is_active, department=world.department)
    for field in world.missing:  # taken away since
        setattr(clinician, field, "")
    clinician.save()
    news = {"state": world.email_state} if world.email_state else {"address": "earlier@ward.example"}
    EmailSubscription.objects.filter(clinician=clinician).update(**news)
    if world.obstacle:
        channel, is_present, age = world.obstacle
        address = clinician.address(channel) if is_present else ""
        Obstacle.objects.create(
            clinician=clinician, channel=channel, address=address or OTHER, kind=ObstacleKind.INVALID_ADDRESS,
            since=now - age, asked_at=now - age,
        )  # fmt: skip
    if world.plan:
        make_plan_of(world, clinician)
    if world.stored:
        sender = ApiClient.objects.create(name="X-ray") if world.stored == "of another client" else client
        text = "Other" if world.stored == "other" else "Text"
        Alert.objects.create(
            client=sender, clinician=clinician, **{**vars(alert(world)), "description": text}
        )
    return token, secret


def make_plan_of(world: World, clinician: Clinician) -> None:
    assert world.plan
    whose, priority, is_active = world.plan
    applies: dict[str, Any] = {
        "their own": {"clinician": clinician},
        "somebody else's": {"clinician": make_colleague("C-3")},
        "their department, spelt otherwise": {"department": "  WARD\u00a05 "},
        "another department": {"department": "Ward 6"},
    }
    plan = make_plan(None, priority=priority, **applies.get(whose, {}))
    Plan.objects.filter(pk=plan.pk).update(active=is_active)


def alert(world: World) -> intake.NewAlert:
    body = an_alert(message_id="m-1", contact_id=world.contact_id, description="Text")
    return intake.NewAlert(**{**body, "priority": Priority.HIGH})


def may_send(secret: str) -> bool:
    """What the readable way says of the token."""
    asked: Any = Request(RequestFactory().post("/notification", headers={"Authorization": secret}))
    try:
        _client, token = TokenAuthentication().authenticate(asked)
    except APIException:
        return False
    return token.access == Access.SEND


def rows() -> list[dict[str, Any]]:
    """All alerts and deliveries, without what is different each time."""
    found = [*Alert.objects.order_by("pk").values(), *Delivery.objects.order_by("created_at").values()]
    return [{name: value for name, value in row.items() if name not in DIFFERS} for row in found]


def was_used_lately(token: ApiToken) -> bool:
    """Whether its use has been noted, now or less than a minute ago."""
    return not ApiToken.objects.filter(tokens.UNUSED_LATELY, pk=token.pk).exists()


def decide_the_same(world: World) -> None:
    """Take the alert in both ways, and compare what they leave."""
    with undone():
        token, secret = made(world)
        with undone():
            at_once = intake.accept_at_once(token=token, new=alert(world))
            stored_at_once, used_at_once = rows(), was_used_lately(token)
        with undone():
            may, used = may_send(secret), was_used_lately(token)
            try:
                accepted = intake.accept(client=token.client, new=alert(world))
            except (intake.Conflict, intake.Unreachable):
                accepted = None
            stored = rows()
            unusual = accepted is None or accepted.replayed or any(row.get("skipped") for row in stored)
            unusual |= any(row.get("has_loop") for row in stored)

        assert at_once.may_send == may
        if may:
            assert used_at_once == used
        if at_once.accepted:
            assert may
            assert not unusual
            assert stored_at_once == stored
            assert answer(at_once.accepted.alert)["status"] == "queued"
        else:
            # It may leave more than it must to the other way, but not what is usual.
            assert unusual or not may or world.obstacle or world.plan


@given(world=WORLDS)
@settings(
    max_examples=200,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_ways_decide_the_same(db: None, world: World) -> None:
    decide_the_same(world)


USUAL = World(
    access=Access.SEND, revoked=False, expires_in=None, used_ago=None, client_is_active=True, clinician_is_active=True,
    contact_id="C-1", missing=(), channels=(Channel.CALL,), email_state=Subscription.CONFIRMED, obstacle=None,
    department="", plan=None, stored="",
)  # fmt: skip


@pytest.mark.parametrize("department", ["", "Ward 5"])
@pytest.mark.parametrize("plan", PLANS)
def test_both_ways_decide_the_same_about_every_plan(
    department: str, plan: tuple[str, Priority, bool]
) -> None:
    decide_the_same(replace(USUAL, department=department, plan=plan))


@pytest.mark.django_db(transaction=True)
def test_a_usual_alert_takes_one_statement_and_one_that_wakes_the_relays(
    sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert(message_id="the first"))  # from now on the token is known, and its use is noted

    with round_trips() as found:
        answer = sender.post(an_alert(message_id="the second"))

    assert answer.status_code == 202
    assert found == ["prepared", "NOTIFY"]


@pytest.mark.django_db(transaction=True)
def test_plans_of_others_cost_an_alert_without_one_nothing(sender: Sender, clinician: Clinician) -> None:
    make_plan(None, priority=Priority.MEDIUM)
    make_plan(None, priority=Priority.HIGH, clinician=make_colleague("C-3"))
    make_plan(None, priority=Priority.HIGH, department="Ward 6")
    sender.post(an_alert(message_id="the first", priority="H"))

    with round_trips() as found:
        answer = sender.post(an_alert(message_id="the second", priority="H"))

    assert answer.status_code == 202
    assert answer.json()["engagements"] == []
    assert found == ["prepared", "NOTIFY"]


@pytest.mark.django_db(transaction=True)
def test_a_repeat_takes_two_statements(sender: Sender, clinician: Clinician) -> None:
    for _ in range(2):
        sender.post(an_alert())

    with round_trips() as found:
        answer = sender.post(an_alert())

    assert answer.headers["Idempotent-Replayed"] == "true"
    assert found == ["prepared", "prepared"]
