"""Makes many rows of every model with a list in the admin."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import count

from django.contrib.auth.models import Group, User
from django.utils import timezone

from alerts.models import Alert, Delivery, Engagement, InboundMessage, Refusal, RefusalReason, Response
from alerts.states import DeliveryState, Effect, Proof, Reason, ResponseKind, Why
from clients import sample
from clients.models import ApiClient, ApiToken
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate
from oncall.models import Cover, Plan, PlanChoice, PlanStep, Target
from staff.models import RoleClaim
from staff.roles import Role
from tests.contacts.crowd import make_crowd

_numbers = count(1)


def make_rows(number: int) -> None:
    """So many new rows of each model with a list, with everything that its list shows."""
    alerts = make_alerts(number)
    people = [each.clinician for each in alerts]
    clients = _clients(number)
    _replies(alerts)
    _refusals(clients)
    _tokens(clients)
    _templates(number)
    _plans(people)
    _covers(people)
    _users(number)
    _claims(_groups(number))


def make_alerts(number: int) -> list[Alert]:
    """Alerts for as many new clinicians. An alert's status is what became of its deliveries: these failed."""
    (client,) = _clients(1)
    alerts = Alert.objects.bulk_create(
        Alert(
            client=client,
            clinician=clinician,
            contact_id=clinician.contact_id,
            message_id=f"many-{next(_numbers)}",
            type=sample.ALERT["type"],
            patient_id=sample.ALERT["patient_id"],
            description=sample.ALERT["description"],
            priority=Priority.LOW,
        )
        for clinician in _clinicians(number)
    )
    Delivery.objects.bulk_create(
        Delivery(
            alert=alert,
            clinician_id=alert.clinician_id,
            priority=alert.priority,
            channel=Channel.EMAIL,
            address="person@ward.example",
            state=DeliveryState.FAILED,
            reason=Reason.INVALID_ADDRESS,
            finished_at=timezone.now(),
        )
        for alert in alerts
    )
    return alerts


def _clinicians(number: int) -> list[Clinician]:
    department = f"Department {next(_numbers)}"
    make_crowd(number, department=department, first=Clinician.objects.count())
    return list(Clinician.objects.filter(department=department).order_by("pk"))


def _clients(number: int) -> list[ApiClient]:
    return ApiClient.objects.bulk_create(
        ApiClient(name=f"System {next(_numbers)}") for _each in range(number)
    )


def _tokens(clients: Sequence[ApiClient]) -> None:
    digests = (sha256(str(next(_numbers)).encode()).hexdigest() for _each in clients)
    ApiToken.objects.bulk_create(
        ApiToken(client=client, digest=digest, prefix=digest[:8])
        for client, digest in zip(clients, digests, strict=True)
    )


def _refusals(clients: Sequence[ApiClient]) -> None:
    Refusal.objects.bulk_create(
        Refusal(
            client=client,
            contact_id=f"X-{next(_numbers)}",
            reason=RefusalReason.UNKNOWN_CONTACT,
            priority=Priority.HIGH,
            message_ids=["1", "2"],
        )
        for client in clients
    )


def _replies(alerts: Sequence[Alert]) -> None:
    engagements = Engagement.objects.bulk_create(
        Engagement(
            alert=alert, number=1, clinician_id=alert.clinician_id, why=Why.ADDRESSED, due_at=timezone.now()
        )
        for alert in alerts
    )
    responses = Response.objects.bulk_create(
        Response(
            alert_id=each.alert_id,
            engagement=each,
            kind=ResponseKind.DECLINE,
            proof=Proof.SMS,
            evidence=f"in-{next(_numbers)}",
            effect=Effect.APPLIED,
        )
        for each in engagements
    )
    InboundMessage.objects.bulk_create(
        InboundMessage(
            provider_id=f"in-{next(_numbers)}",
            sender="+447700900102",
            text="2 4821",
            response=response,
            effect=response.effect,
        )
        for response in responses
    )


def _templates(number: int) -> None:
    PreferenceTemplate.objects.bulk_create(
        PreferenceTemplate(
            name=f"Template {next(_numbers)}", high=["call", "sms"], medium=["sms"], low=["email"]
        )
        for _each in range(number)
    )


def _plans(people: Sequence[Clinician]) -> None:
    plans = Plan.objects.bulk_create(Plan(name=f"Plan {next(_numbers)}") for _each in people)
    PlanStep.objects.bulk_create(
        PlanStep(plan=plan, position=position, target=Target.NAMED, clinician=person)
        for plan, person in zip(plans, people, strict=True)
        for position in (1, 2)
    )
    PlanChoice.objects.bulk_create(
        PlanChoice(plan=plan, priority=Priority.HIGH, clinician=person)
        for plan, person in zip(plans, people, strict=True)
    )


def _covers(people: Sequence[Clinician]) -> None:
    """The next one covers each; the first one covers the last."""
    begins = timezone.now()
    Cover.objects.bulk_create(
        Cover(clinician=person, by=by, period=(begins, begins + timedelta(days=1)))
        for person, by in zip(people, (*people[1:], people[0]), strict=True)
    )


def _users(number: int) -> None:
    groups = list(Group.objects.filter(name__in=[role.value for role in Role]))
    users = User.objects.bulk_create(User(username=f"user{next(_numbers)}") for _each in range(number))
    User.groups.through.objects.bulk_create(
        User.groups.through(user_id=user.pk, group_id=group.pk) for user in users for group in groups
    )


def _groups(number: int) -> list[Group]:
    return Group.objects.bulk_create(Group(name=f"Group {next(_numbers)}") for _each in range(number))


def _claims(groups: Sequence[Group]) -> None:
    RoleClaim.objects.bulk_create(RoleClaim(value=f"claim {next(_numbers)}", group=group) for group in groups)
