"""Queries about a delivery and its neighbours. Read only."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import (
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Now

from alerts.models import Alert, Attempt, Delivery
from alerts.states import NEEDS_REASON, SUCCEEDED, UNFINISHED, AttemptState, DeliveryState, Reason
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Step, looked_up, route

RECOVERED_AT_ONCE = 100
"""How many expired leases are recovered in one pass."""

MAY_HAVE_ARRIVED = (AttemptState.SENT, AttemptState.UNKNOWN)
"""States of attempts whose message may be on a telephone."""


@dataclass(frozen=True)
class History:
    """The earlier attempts of a delivery."""

    tries: int
    """Attempts that count. Throttled ones do not."""
    doubts: int
    """Attempts that may have arrived, without the one being settled."""
    lost_workers: int
    """Attempts during which a worker died, without the one being settled."""
    since_first: timedelta
    """Since the first attempt; zero if there was none."""
    since_made: timedelta
    """Since the delivery was made, or since its pause ended."""


@dataclass(frozen=True)
class Tried:
    """A delivery of a round, in short."""

    pk: uuid.UUID
    channel: str
    state: str
    position: int
    ended_at: datetime | None


def due() -> Q:
    """Deliveries that may be claimed now."""
    return Q(state=DeliveryState.PENDING, available_at__lte=Now())


def expired_ids() -> list[uuid.UUID]:
    """Deliveries whose lease has run out, oldest first: their worker died while sending."""
    expired = Delivery.objects.filter(state=DeliveryState.SENDING, lease_expires_at__lt=Now())
    return list(expired.order_by("lease_expires_at").values_list("pk", flat=True)[:RECOVERED_AT_ONCE])


def history(delivery: Delivery, *, but: Attempt | None = None) -> History:
    """What was tried so far, except `but`, the attempt being settled. One query."""
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
            since_made=ExpressionWrapper(Now() - Coalesce("begins_at", "created_at"), **since),
        )
        .values_list("tries", "doubts", "lost_workers", "since_first", "since_made")
        .get()
    )
    return History(*found)


def steps_left(delivery: Delivery) -> list[Step]:
    """The steps that would follow if this delivery failed: see `Round.left`. Empty for a channel test, which is for one
    channel.
    """
    return round_of(delivery).left(delivery.pk)


@dataclass(frozen=True)
class Round:
    """What was tried in a round, and the clinician's *current* route."""

    tried: tuple[Tried, ...]
    steps: tuple[Step, ...]
    wants_answer: bool = False
    """Whether a person has to answer: a picked-up call alone may have been a voicemail."""

    @property
    def next_position(self) -> int:
        return max((each.position for each in self.tried), default=0) + 1

    def left(self, given_up: uuid.UUID | None = None) -> list[Step]:
        """The steps that are left, in order, if `given_up` fails.

        Each delivery uses up one step of its channel. Once a provider took a message over another channel, the only
        steps left are those that repeat a channel over which the person was missed
        (`docs/decisions/0012-rings-again.md`).
        """
        others = {DeliveryState(each.state) for each in self.tried if each.pk != given_up}
        if DeliveryState.DELIVERED in others and not self.wants_answer:
            return []
        used = Counter(each.channel for each in self.tried)
        left = [step for step in self.steps if not _use_up(used, step.channel)]
        if DeliveryState.SENT not in others:
            return left
        missed = {each.channel for each in self.tried if each.pk == given_up or each.state in NEEDS_REASON}
        return [step for step in left if step.channel in missed]

    def begins_at(self, step: Step) -> Combinable | None:
        """When to try the step: at once (None), or a pause after the channel was last tried in this round."""
        before = [each.ended_at for each in self.tried if each.channel == step.channel]
        if not before:
            return None
        known = [at for at in before if at]
        if len(known) < len(before):
            return Now() + settings.REPEAT_AFTER
        return Greatest(Now(), Value(max(known) + settings.REPEAT_AFTER))


def _use_up(used: Counter[str], channel: str) -> bool:
    used[channel] -= 1
    return used[channel] >= 0


def round_of(delivery: Delivery) -> Round:
    """The delivery's round. Four queries at most."""
    same_round = Delivery.objects.filter(
        alert=delivery.alert_id, engagement=delivery.engagement_id, round=delivery.round
    )
    ended = Coalesce("outcome_at", "finished_at")
    found = same_round.values_list("pk", "channel", "state", "position", ended, "alert__is_test")
    rows = list(found)
    tried = tuple(Tried(*row[:-1]) for row in rows)
    if any(row[-1] for row in rows):
        return Round(tried, ())
    clinician = looked_up(Clinician.objects.filter(pk=delivery.clinician_id))
    steps = route(clinician, Priority(delivery.priority)).steps if clinician else ()
    return Round(tried, steps, delivery.wants_answer)


def another_is_under_way(alert: Alert, delivery: Delivery) -> bool:
    """Whether another channel of this round is waiting or being sent, or a newer round has replaced this one."""
    others = _others(alert, delivery)
    return others.filter(Q(round=delivery.round, state__in=UNFINISHED) | Q(round__gt=delivery.round)).exists()


def another_is_on_its_way(alert: Alert, delivery: Delivery) -> bool:
    """Whether another channel of this round is under way or succeeded, or a newer round has replaced this one."""
    others = _others(alert, delivery)
    hopeful = Q(round=delivery.round, state__in=(*UNFINISHED, *SUCCEEDED))
    return others.filter(hopeful | Q(round__gt=delivery.round)).exists()


def _others(alert: Alert, delivery: Delivery) -> QuerySet[Delivery]:
    """The deliveries to the same person: those to another person change nothing for this one."""
    return alert.deliveries.filter(engagement=delivery.engagement_id).exclude(pk=delivery.pk)


def may_have_arrived() -> Exists:
    """Deliveries with an attempt that was sent or is in doubt."""
    return Exists(Attempt.objects.filter(delivery=OuterRef("pk"), state__in=MAY_HAVE_ARRIVED))


def being_sent(alert_ids: list[int]) -> int:
    """How many of these alerts' deliveries are being sent right now."""
    return Delivery.objects.filter(alert__in=alert_ids, state=DeliveryState.SENDING, notice="").count()


def another_may_have_arrived(attempt: Attempt) -> bool:
    """Whether another attempt of the same delivery was sent or is in doubt."""
    others = Attempt.objects.filter(delivery=attempt.delivery_id).exclude(pk=attempt.pk)
    return others.filter(state__in=MAY_HAVE_ARRIVED).exists()
