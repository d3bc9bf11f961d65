"""Users of each role, their browsers, and one record of each model with a page."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from alerts import intake, refusals
from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery, InboundMessage, Refusal, RefusalReason
from alerts.states import Effect, Reason
from clients import tokens
from clients.models import ApiClient, ApiToken
from contacts.choices import Channel, Priority
from contacts.models import Clinician, ManagedDepartment, PreferenceTemplate
from oncall.models import Cover, Plan, PlanChoice, PlanStep, Target
from staff.models import RoleClaim
from staff.roles import Role
from tests.factories import an_alert, make_clinician

SUPERUSER = "superuser"
NO_ROLE = "no role"
PEOPLE = (*(role.value for role in Role), NO_ROLE, SUPERUSER)
"""Everybody who may log in: each role, a member of staff without one, and a superuser."""

_numbers = count(1)


def make_user(person: str) -> User:
    """A member of staff: the name of a role, `NO_ROLE` or `SUPERUSER`."""
    name = f"{person.lower().replace(' ', '.')}.{next(_numbers)}"
    if person == SUPERUSER:
        return User.objects.create_superuser(name)
    user = User.objects.create_user(name, is_staff=True)
    if person != NO_ROLE:
        user.groups.add(Group.objects.get(name=person))
    if person == Role.WARD_MANAGERS.value:
        ManagedDepartment.objects.create(
            user=user, name="cardiology"
        )  # the records' clinician is in "Cardiology"
    return user


def browser_of(role: Role, username: str, **names: str) -> Client:
    """The browser of a member of staff who is logged in."""
    user = User.objects.create_user(username, is_staff=True, **names)
    user.groups.add(Group.objects.get(name=role.value))
    client = Client()
    client.force_login(user)
    return client


@dataclass(frozen=True)
class Records:
    """One record of each model with a page."""

    clinician: Clinician
    template: PreferenceTemplate
    plan: Plan
    cover: Cover
    alert: Alert
    reply: InboundMessage
    refusal: Refusal
    client: ApiClient
    token: ApiToken
    user: User
    group: Group
    claim: RoleClaim


def make_records() -> Records:
    """A clinician, an alert for them that failed on its channel, the client that sent it, with a token.

    And another alert of that client that was refused; a plan of another department that asks them; and
    their absence of tomorrow.
    """
    clinician = make_clinician(
        "C-1",
        {
            Priority.HIGH: [Channel.CALL, Channel.SMS],
            Priority.MEDIUM: [Channel.SMS],
            Priority.LOW: [Channel.EMAIL],
        },
        role="Registrar",
        department="Cardiology",
    )
    client = ApiClient.objects.create(name="Lab system")
    token, _secret = tokens.issue(client=client, label="Analyser 2")
    new = intake.NewAlert(**{**an_alert(message_id="failed-1"), "priority": Priority.LOW})
    alert = intake.accept(client=client, new=new).alert
    claim = claims.claim(Delivery.objects.get(alert=alert).pk)
    assert claim is not None
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.mark_failed(claim, error, NextChannel(Reason.INVALID_ADDRESS))
    refusals.enter(
        client=client,
        contact_id="C-404",
        reason=RefusalReason.UNKNOWN_CONTACT,
        priority=Priority.HIGH,
        message_id="refused-1",
    )
    plan = Plan.objects.create(name="High on the renal ward")
    PlanStep.objects.create(plan=plan, position=1, target=Target.NAMED, clinician=clinician)
    PlanChoice.objects.create(plan=plan, priority=Priority.HIGH, department="Renal")
    begins = timezone.now() + timedelta(days=1)
    user, group = make_user(Role.AUDITORS.value), Group.objects.get(name=Role.AUDITORS.value)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "encrypted"})
    return Records(
        clinician=clinician,
        plan=plan,
        cover=Cover.objects.create(clinician=clinician, period=(begins, begins + timedelta(days=1))),
        template=PreferenceTemplate.objects.create(name="Nights", high=["sms", "call"], low=["sms"]),
        alert=alert,
        reply=InboundMessage.objects.create(
            provider_id="in-1", sender="+447700900999", text="Who is this?", effect=Effect.NOT_UNDERSTOOD
        ),
        refusal=Refusal.objects.get(),
        client=client,
        token=token,
        user=user,
        group=group,
        claim=RoleClaim.objects.create(value="auditors", group=group),
    )
