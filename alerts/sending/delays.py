"""Delays: why a delivery waits, since when, and what happens next by itself.

They are read from the ledger and the heartbeats. Nothing is stored, so a delay ends with its cause.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.db.models import Count, Max, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from alerts.deliveries.retry import SCHEDULES
from alerts.models import IS_UNFINISHED, Alert, Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.models.alert import AlertQuerySet
from alerts.sending import breaker, clock_correction
from alerts.sending.breaker import Silence
from alerts.states import UNFINISHED, AlertState, DeliveryState
from contacts.choices import Channel, Priority
from theme import times


class Cause(Enum):
    """The cause of a delay."""

    PROVIDER = auto()
    """Its provider does not answer."""
    RELAY = auto()
    """No relay runs, and relays start every message."""
    WORKER = auto()
    """No worker runs that would take it."""
    LOST = auto()
    """Its worker has stopped while sending, and nobody has settled that yet."""
    CLOCK = auto()
    """The database's clock was set back: the delivery is dated in the future."""
    QUEUE = auto()
    """It is due, and nobody has taken it: a long queue, or Redis is away."""
    PAUSE = auto()
    """The person was not reached over this channel, which is tried again after a while."""
    RATE = auto()
    """AWS takes only so many messages in a second."""
    RETRY = auto()
    """A try failed, and the time of the next one is set."""


GRACE: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=10),
    Priority.MEDIUM: timedelta(seconds=30),
    Priority.LOW: timedelta(minutes=1),
}
"""How long a delivery may be due, or wait for its turn, before people are told."""

RETRIED: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=30),
    Priority.MEDIUM: timedelta(minutes=5),
    Priority.LOW: timedelta(hours=1),
}
"""For how long a delivery may be tried in vain before people are told: about a tenth of the time its priority allows
(`retry.SCHEDULES`), so that most of it is left to reach the person by hand, and one bad try alarms nobody."""

SHORT: dict[Cause, str] = {
    Cause.PROVIDER: "{channel} does not answer",
    Cause.RELAY: "Bleep is not sending",
    Cause.WORKER: "Bleep is not sending",
    Cause.LOST: "Interrupted",
    Cause.CLOCK: "The clock was set back",
    Cause.QUEUE: "Nothing takes it",
    Cause.PAUSE: "Will be tried again",
    Cause.RATE: "Waits for its turn",
    Cause.RETRY: "Tries failed",
}
WHAT: dict[Cause, str] = {
    Cause.PROVIDER: "{channel}: the provider has given no usable answer {since}.",
    Cause.RELAY: "Bleep is not sending: the part that starts every message has not reported {since}.",
    Cause.WORKER: "Bleep is not sending this: the part that sends {priority} alerts has not reported {since}.",
    Cause.LOST: "The part of Bleep that was sending it has stopped, so nobody knows whether it went out. It should "
    "have ended at {at}.",
    Cause.CLOCK: "The clock of Bleep's database was set back, so this is dated in the future: times here are wrong.",
    Cause.QUEUE: "It has been due {since}, and nothing has taken it: others may be before it, or the queue does not "
    "move.",
    Cause.PAUSE: "The person was not reached over this channel, so it is tried again after a pause.",
    Cause.RATE: "AWS takes only so many messages in a second. It has waited for its turn {since}.",
    Cause.RETRY: "It has been tried {since}, and the provider has not taken it.",
}
NEXT: dict[Cause, str] = {
    Cause.PROVIDER: "Bleep tries one of the waiting messages every few seconds. That may be this one, and then it may "
    "have arrived although no answer came. All others are sent once the provider answers. {limit}",
    Cause.RELAY: "It is kept, and is sent once that part runs again.",
    Cause.WORKER: "It is kept, and is sent once that part runs again.",
    Cause.LOST: "A relay, once one runs, settles that and goes on.",
    Cause.CLOCK: "Bleep corrects that, and sends it.",
    Cause.QUEUE: "It is kept, and is sent when its turn comes.",
    Cause.PAUSE: "{again}",
    Cause.RATE: "{again}",
    Cause.RETRY: "{again} If it is not taken in time, it goes on to the clinician's next "
    "channel; if there is none, it fails, and Home says so.",
}


@dataclass(frozen=True)
class Delay:
    """Why one delivery waits."""

    cause: Cause
    channel: Channel
    priority: Priority
    since: datetime | None
    """Since when the cause has existed, as far as that is known."""
    next_at: datetime
    """When the delivery is tried next."""
    too_long: bool
    """Whether people should be told, because it does not go on as usual."""

    @property
    def short(self) -> str:
        """A few words for a list: `SMS does not answer`."""
        return SHORT[self.cause].format(channel=self.channel.label)

    @property
    def what(self) -> str:
        """The cause and its beginning, in a sentence."""
        return WHAT[self.cause].format(
            channel=self.channel.label,
            priority=self.priority.label,
            since=times.since(self.since) if self.since else "at all",
            at=times.full(self.since) if self.since else "",
        )

    @property
    def next(self) -> str:
        """The sentence on what happens by itself."""
        limit = times.duration(SCHEDULES[self.priority].age)
        if self.priority is Priority.HIGH:
            goes_on = (
                f"If the clinician has another channel, that is tried at once; if not, it fails after {limit}"
            )
        else:
            goes_on = f"After {limit} it goes on to the clinician's next channel; if there is none, it fails"
        now = timezone.now()
        again = f"will be tried again at {times.clock(self.next_at, day_of=now)}"
        return NEXT[self.cause].format(
            limit=f"{goes_on}, and Home says so.",
            again=f"It {again if self.next_at > now else 'is tried again now'}.",
        )


@dataclass(frozen=True)
class Outage:
    """A provider that does not answer, since when, and how many deliveries wait for it."""

    channel: Channel
    silence: Silence
    waiting: int
    high: int
    """How many of these are of High priority."""


def outages() -> list[Outage]:
    """The providers that do not answer. One query if there is none; three more for each, and one for all."""
    down = breaker.silences()
    if not down:
        return []
    waiting = Delivery.objects.filter(IS_UNFINISHED, channel__in=down).order_by()
    counts = waiting.values_list("channel", "priority").annotate(Count("pk"))
    found: dict[Channel, dict[str, int]] = {channel: {} for channel in down}
    for channel, priority, count in counts:
        found[Channel(channel)][priority] = count
    return [
        Outage(channel, silence, sum(found[channel].values()), found[channel].get(Priority.HIGH, 0))
        for channel, silence in down.items()
    ]


def tried_in_vain(down: Collection[Channel]) -> AlertQuerySet:
    """Open alerts whose tries have failed for longer than `RETRIED`, without channel tests.

    Alerts that wait for a provider that is `down` are left out: `outages` counts them.
    """
    failed_before = Q(state=DeliveryState.PENDING, attempt_count__gt=0) | Q(
        state=DeliveryState.SENDING, attempt_count__gt=1
    )
    too_long = Q()
    for priority, usual in RETRIED.items():
        too_long |= Q(priority=priority, began__lt=Now() - usual)
    tried = Delivery.objects.alias(began=Coalesce("begins_at", "created_at")).filter(
        failed_before, too_long, notice=""
    )
    found = tried.exclude(channel__in=down).order_by().values("alert")
    return Alert.objects.without_tests().filter(state=AlertState.OPEN, pk__in=found)


def of(deliveries: Iterable[Delivery]) -> dict[UUID, Delay]:
    """Why each of these deliveries waits, by its key. Those that do not wait are left out.

    No query if none waits; two if some do, and two more for each provider that is down.
    """
    waiting = [each for each in deliveries if each.state in UNFINISHED]
    if not waiting:
        return {}
    now, down, silent = timezone.now(), breaker.silences(), _silent()
    found = {each.pk: _delay(each, now, down, silent) for each in waiting}
    return {pk: delay for pk, delay in found.items() if delay}


def _delay(
    delivery: Delivery,
    now: datetime,
    down: dict[Channel, Silence],
    silent: dict[Cause, datetime | None],
) -> Delay | None:
    channel, priority = Channel(delivery.channel), Priority(delivery.priority)
    waits, ahead = delivery.state == DeliveryState.PENDING, delivery.available_at > now
    lease = delivery.lease_expires_at
    failed_before = delivery.attempt_count > (0 if waits else 1)
    tried_for = now - (delivery.begins_at or delivery.created_at)
    holds = {
        Cause.LOST: lease is not None and lease + GRACE[Priority.HIGH] < now,
        Cause.CLOCK: delivery.created_at > now + clock_correction.TOLERANCE,
        Cause.PROVIDER: waits and channel in down,
        Cause.RELAY: waits and Cause.RELAY in silent,
        # Relays send High themselves where no worker takes it.
        Cause.WORKER: waits and Cause.WORKER in silent and priority is not Priority.HIGH,
        Cause.QUEUE: waits and now - delivery.available_at > GRACE[priority],
        # Also while a try is running, once people have been told: otherwise the entry would flicker with each try.
        Cause.RETRY: failed_before and ((waits and ahead) or tried_for > RETRIED[priority]),
        Cause.PAUSE: waits and delivery.begins_at is not None and delivery.begins_at > now,
        Cause.RATE: waits and ahead,
    }
    cause = next((each for each, is_so in holds.items() if is_so), None)
    if cause is None:
        return None
    since = {
        Cause.LOST: lease,
        Cause.PROVIDER: down[channel].since if channel in down else None,
        Cause.QUEUE: delivery.available_at,
        **silent,
    }.get(cause, delivery.created_at)
    usual = {
        Cause.RETRY: RETRIED[priority],
        Cause.PAUSE: clock_correction.LONGEST_PAUSE,
        Cause.RATE: GRACE[priority],
    }.get(cause)
    too_long = usual is None or tried_for > usual
    return Delay(cause, channel, priority, since, delivery.available_at, too_long)


def _silent() -> dict[Cause, datetime | None]:
    """Which parts have not reported lately, and when they last did; None if they never did. One query."""
    now, relay, others = (
        timezone.now(),
        Value(Cause.RELAY.name),
        WorkerHeartbeat.objects.filter(kind=WorkerKind.OTHERS),
    )
    beats = RelayHeartbeat.objects.values_list(relay, Max("beat_at")).union(
        others.values_list(Value(Cause.WORKER.name), Max("beat_at")), all=True
    )
    last = {Cause[name]: beat for name, beat in beats}
    fresh = {Cause.RELAY: RelayHeartbeat.FRESH, Cause.WORKER: WorkerHeartbeat.FRESH}
    return {
        cause: last.get(cause)
        for cause, limit in fresh.items()
        if (beat := last.get(cause)) is None or beat + limit < now
    }
