"""Queries about a delivery and its neighbours. Nothing here changes a row: `lifecycle` does."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, Min, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from alerts.models import Alert, Attempt, Delivery
from alerts.states import SUCCEEDED, UNFINISHED, AttemptState, DeliveryState, Reason
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Step, route

RECOVERED_AT_ONCE = 100
"""Expired leases that one look takes up."""

MAY_HAVE_ARRIVED = (AttemptState.SENT, AttemptState.UNKNOWN)
"""What an attempt came to whose message may be on a telephone."""


@dataclass(frozen=True)
class History:
    """What was tried for a delivery so far."""

    tries: int
    """Attempts that count: throttled ones do not."""
    doubts: int
    """Those that may have arrived, not counting the one that is asked for."""
    lost_workers: int
    """Those in the middle of which a worker died, not counting the one that is asked for."""
    since_first: timedelta
    """Since the first attempt; nothing where there was none."""
    since_made: timedelta


def due() -> Q:
    """What may be claimed at this moment."""
    return Q(state=DeliveryState.PENDING, available_at__lte=Now())


def find_due(delivery_id: uuid.UUID) -> Delivery | None:
    """The delivery, where it is there to be claimed at this moment."""
    return Delivery.objects.filter(due(), pk=delivery_id).first()


def expired_ids() -> list[uuid.UUID]:
    """Deliveries whose lease has run out, the oldest first: a worker died in the middle of each."""
    expired = Delivery.objects.filter(state=DeliveryState.SENDING, lease_expires_at__lt=Now())
    return list(expired.order_by("lease_expires_at").values_list("pk", flat=True)[:RECOVERED_AT_ONCE])


def history(delivery: Delivery, *, but: Attempt | None = None) -> History:
    """What was tried so far; `but` is the attempt whose own outcome is being settled. One query."""
    since = {"output_field": DurationField()}
    others = ~Q(attempts__pk=but.pk if but else None)
    found = (
        Delivery.objects.filter(pk=delivery.pk)
        .annotate(
            tries=Count("attempts", filter=~Q(attempts__state=AttemptState.THROTTLED)),
            doubts=Count("attempts", filter=others & Q(attempts__state__in=MAY_HAVE_ARRIVED)),
            lost_workers=Count("attempts", filter=others & Q(attempts__reason=Reason.WORKER_LOST)),
            first=Coalesce(Min("attempts__started_at"), Now()),
        )
        .annotate(
            since_first=ExpressionWrapper(Now() - F("first"), **since),
            since_made=ExpressionWrapper(Now() - F("created_at"), **since),
        )
        .values_list("tries", "doubts", "lost_workers", "since_first", "since_made")
        .get()
    )
    return History(*found)


def steps_left(delivery: Delivery) -> list[Step]:
    """The steps of the clinician's *current* route over channels that were not tried in this round, in order.

    None for a test, which is for one channel alone.
    """
    same_round = Delivery.objects.filter(alert=delivery.alert_id, round=delivery.round)
    found = list(same_round.values_list("channel", "alert__is_test"))
    if any(is_test for _, is_test in found):
        return []
    tried = {channel for channel, _ in found}
    clinician = Clinician.objects.get(pk=delivery.clinician_id)
    return [step for step in route(clinician, Priority(delivery.priority)).steps if step.channel not in tried]


def another_is_on_its_way(alert: Alert, delivery: Delivery) -> bool:
    """Whether another channel of the same round is being tried, or has been tried with success; or a newer round was
    started, which has taken this one's place.
    """
    others = alert.deliveries.exclude(pk=delivery.pk)
    hopeful = Q(round=delivery.round, state__in=(*UNFINISHED, *SUCCEEDED))
    return others.filter(hopeful | Q(round__gt=delivery.round)).exists()


def may_have_arrived() -> Exists:
    """Of deliveries: an attempt was accepted, or ended in doubt."""
    return Exists(Attempt.objects.filter(delivery=OuterRef("pk"), state__in=MAY_HAVE_ARRIVED))


def being_sent(alert_ids: list[int]) -> int:
    """How many of these alerts a worker is talking to a provider about at this moment."""
    return Delivery.objects.filter(alert__in=alert_ids, state=DeliveryState.SENDING).count()


def another_may_have_arrived(attempt: Attempt) -> bool:
    """Whether another attempt of the same delivery was accepted, or ended in doubt."""
    others = Attempt.objects.filter(delivery=attempt.delivery_id).exclude(pk=attempt.pk)
    return others.filter(state__in=MAY_HAVE_ARRIVED).exists()
