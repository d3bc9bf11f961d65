"""Queries about a delivery and its neighbours. Read only."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from alerts.models import Alert, Attempt, Delivery
from alerts.states import SUCCEEDED, UNFINISHED, AttemptState, DeliveryState, Reason
from contacts.choices import Priority
from contacts.models import Clinician, Obstacle
from contacts.routing import Step, route

RECOVERED_AT_ONCE = 100
"""Expired leases recovered in one pass."""

MAY_HAVE_ARRIVED = (AttemptState.SENT, AttemptState.UNKNOWN)
"""States of attempts whose message may be on a telephone."""


@dataclass(frozen=True)
class History:
    """What was tried for a delivery so far."""

    tries: int
    """Attempts that count. Throttled ones do not."""
    doubts: int
    """Attempts that may have arrived, without the one being settled."""
    lost_workers: int
    """Attempts during which a worker died, without the one being settled."""
    since_first: timedelta
    """Since the first attempt; zero if there was none."""
    since_made: timedelta


def due() -> Q:
    """Deliveries that may be claimed now."""
    return Q(state=DeliveryState.PENDING, available_at__lte=Now())


def find_due(delivery_id: uuid.UUID) -> Delivery | None:
    """The delivery, if it may be claimed now."""
    return Delivery.objects.filter(due(), pk=delivery_id).first()


def expired_ids() -> list[uuid.UUID]:
    """Deliveries whose lease has run out, oldest first: their worker died while sending."""
    expired = Delivery.objects.filter(state=DeliveryState.SENDING, lease_expires_at__lt=Now())
    return list(expired.order_by("lease_expires_at").values_list("pk", flat=True)[:RECOVERED_AT_ONCE])


def known_obstacle() -> Subquery:
    """The `ObstacleKind` that is known of a delivery's very address, or null."""
    known = Obstacle.objects.filter(
        clinician=OuterRef("clinician"), channel=OuterRef("channel"), address=OuterRef("address")
    )
    return Subquery(known.values("kind"))


def history(delivery: Delivery, *, but: Attempt | None = None) -> History:
    """What was tried so far, without `but`, the attempt being settled. One query."""
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
    """The remaining steps of the clinician's *current* route: channels not tried in this round, in order.

    Empty for a channel test, which is for one channel only.
    """
    same_round = Delivery.objects.filter(alert=delivery.alert_id, round=delivery.round)
    found = list(same_round.values_list("channel", "alert__is_test"))
    if any(is_test for _, is_test in found):
        return []
    tried = {channel for channel, _ in found}
    clinician = Clinician.objects.get(pk=delivery.clinician_id)
    return [step for step in route(clinician, Priority(delivery.priority)).steps if step.channel not in tried]


def another_is_on_its_way(alert: Alert, delivery: Delivery) -> bool:
    """Whether another channel of this round is under way or succeeded, or a newer round has replaced this one."""
    others = alert.deliveries.exclude(pk=delivery.pk)
    hopeful = Q(round=delivery.round, state__in=(*UNFINISHED, *SUCCEEDED))
    return others.filter(hopeful | Q(round__gt=delivery.round)).exists()


def may_have_arrived() -> Exists:
    """Deliveries with an attempt that was sent or is in doubt."""
    return Exists(Attempt.objects.filter(delivery=OuterRef("pk"), state__in=MAY_HAVE_ARRIVED))


def being_sent(alert_ids: list[int]) -> int:
    """How many of these alerts' deliveries are being sent right now."""
    return Delivery.objects.filter(alert__in=alert_ids, state=DeliveryState.SENDING).count()


def another_may_have_arrived(attempt: Attempt) -> bool:
    """Whether another attempt of the same delivery was sent or is in doubt."""
    others = Attempt.objects.filter(delivery=attempt.delivery_id).exclude(pk=attempt.pk)
    return others.filter(state__in=MAY_HAVE_ARRIVED).exists()
