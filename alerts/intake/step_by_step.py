"""Takes an alert: before a 2xx response it is on disk, and a repeat does no harm."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.utils import IntegrityError
from structlog.contextvars import bind_contextvars

from alerts.deliveries import opening
from alerts.escalation import asking
from alerts.models import COMPARED, Alert, BlankedAlert, Delivery, Engagement, digest_of
from alerts.states import AlertStatus
from clients.models import ApiClient
from contacts import routing
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import NoRoute
from oncall import plans


@dataclass(frozen=True)
class NewAlert:
    """A validated alert, as the client sent it."""

    message_id: str
    type: str
    patient_id: str
    contact_id: str
    description: str
    priority: Priority


class Accepted(NamedTuple):
    """The stored alert with its `status`. `replayed`: an earlier request had stored it."""

    alert: Alert
    replayed: bool
    engagement: Engagement | None = None
    """The person to ask first about a new alert, if there is a plan."""


class Conflict(Exception):
    """Another alert has this `message_id`. `fields` are those that differ; empty if the alert belongs to another
    client.
    """

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__("The message_id is taken by another alert.")
        self.fields = fields


class Unreachable(Exception):
    """Nobody can be reached, so nothing was stored. `reason` is None if the contact_id is unknown."""

    def __init__(self, reason: NoRoute | None) -> None:
        super().__init__("Nobody can be reached for this alert.")
        self.reason = reason


def accept(*, client: ApiClient, new: NewAlert) -> Accepted:
    """Store the alert and its first delivery in one transaction, and wake the relays.

    The unique constraint on `message_id` decides who was first, so any number of repeats may come at once.

    Raises:
        Conflict: an alert with other content, or of another client, has this `message_id`.
        Unreachable: the clinician is unknown or inactive, or no channel reaches them; and where a plan says who else
            is asked, none of those can be reached either. Nothing is stored.
    """
    if repeat := _replay(client, new):
        return repeat  # even if the clinician has become unreachable since
    clinician = routing.find(new.contact_id)
    if clinician is None:
        raise Unreachable(None)
    try:
        return _store(client, new, clinician)
    except IntegrityError:
        if repeat := _replay(client, new):
            return repeat
        raise


def _store(client: ApiClient, new: NewAlert, clinician: Clinician) -> Accepted:
    begin = _first(clinician, new.priority)
    with transaction.atomic():
        alert = Alert.objects.create(client=client, clinician=clinician, **vars(new))
        delivery = begin(alert)
        if delivery is None:  # nobody of the plan can be reached
            raise Unreachable(routing.route(clinician, new.priority).reason)
    bind_contextvars(alert_id=alert.pk)
    return Accepted(as_stored(alert, delivery), replayed=False, engagement=delivery.engagement)


def _first(clinician: Clinician, priority: Priority) -> Callable[[Alert], Delivery | None]:
    """The function that opens the first delivery of an alert: by a plan, or else by the clinician's route.

    Raises:
        Unreachable: there is no plan, and no channel reaches the clinician.
    """
    plan = plans.plan_for(clinician, priority)
    if plan is not None:
        return partial(asking.begin, plan=plan)
    route = routing.route(clinician, priority)
    if not route.steps:
        raise Unreachable(route.reason)
    return partial(opening.open_delivery, step=route.steps[0])


def as_stored(alert: Alert, delivery: Delivery) -> Alert:
    """A new alert as a query would return it: once it is stored, nothing that can fail may delay the response."""
    alert.status = AlertStatus.QUEUED
    alert.know([delivery])
    return alert


def _replay(client: ApiClient, new: NewAlert) -> Accepted | None:
    alert = Alert.objects.of_message(new.message_id)
    if alert is None:
        return None
    if alert.client_id != client.pk:
        raise Conflict(())
    different = tuple(field for field in COMPARED if getattr(alert, field) != getattr(new, field))
    if different and not _was_blanked(alert, new):
        raise Conflict(different)
    bind_contextvars(alert_id=alert.pk)
    return Accepted(alert, replayed=True)


def _was_blanked(alert: Alert, new: NewAlert) -> bool:
    """Whether the alerts differ only because the stored one has lost its texts since."""
    return BlankedAlert.objects.filter(pk=alert.pk, digest=digest_of(new)).exists()
