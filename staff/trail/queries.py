"""Who did and saw what, from the events: by person, by object, or by patient reference."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from alerts.models import Alert
from audit import digests
from audit.models import Event, EventName
from contacts.models import Clinician

MOST_ALERTS = 1000
"""The most alerts of one patient reference whose readers are listed."""


@dataclass(frozen=True)
class Asked:
    """What is looked for."""

    since: datetime
    until: datetime
    user_id: int | None = None
    kind: str = ""
    object_id: str = ""


def events(asked: Asked) -> QuerySet[Event]:
    """Newest first; each filter has its index."""
    found = Event.objects.filter(at__gte=asked.since, at__lt=asked.until).select_related("user")
    if asked.user_id is not None:
        found = found.filter(user_id=asked.user_id)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    return found.filter(object_id=asked.object_id) if asked.object_id else found


def of_patient(reference: str) -> QuerySet[Event]:
    """Who searched for this reference, and who opened an alert with it. The query has its digest only."""
    reference = reference.strip()
    alerts = Alert.objects.filter(patient_id=reference).order_by("-id").values_list("pk", flat=True)
    opened = Q(kind="alerts.alert", object_id__in=[str(pk) for pk in alerts[:MOST_ALERTS]])
    searched = Q(name=EventName.SEARCHED, digests__contains=[digests.of_term(reference)])
    return Event.objects.filter(opened | searched).select_related("user").order_by("-at", "-id")


def key_of(kind: str, name: str) -> str:
    """The key of an object that people name in another way: by contact ID or message ID. Else as given."""
    if kind == "contacts.clinician":
        found = Clinician.objects.filter(contact_id=name).values_list("pk", flat=True).first()
    elif kind == "alerts.alert":
        found = Alert.objects.filter(message_id=name).values_list("pk", flat=True).first()
    else:
        found = None
    return str(found) if found else name
