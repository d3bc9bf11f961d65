"""The timeline of an alert: its deliveries, their attempts, and what staff did.

It makes no queries if the alert was read with `client`, `deliveries__attempts` and `actions__by`.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from django.utils.text import capfirst

from alerts import labels
from alerts.admin.status import delivery_badge
from alerts.admin.timeline import asked, handled
from alerts.admin.timeline.asked import Asking
from alerts.admin.timeline.event import Event, Try
from alerts.channels import aws
from alerts.deliveries.queries import MAY_HAVE_ARRIVED
from alerts.models import Alert, AlertAction, Attempt, Delivery
from alerts.sending import texts
from alerts.sending.delays import Delay
from alerts.states import AttemptState, DeliveryState, Reason, StaffAction
from contacts import phone
from contacts.choices import Channel, ObstacleKind
from contacts.masking import EXPIRED, mask
from contacts.route_words import why_skipped
from contacts.routing import Skipped
from theme.times import clock, duration, elapsed

LEFT_OUT, LAST = "{} is left out", "{} comes last"
MAYBE_TWICE = "The person may get this twice: it was sent again although an earlier message may have arrived."
ASK_THEM = "Ask the person, or reach them another way."
CUT = "the text is longer, so its end is left out. The patient reference is not."
LATE = "The answer came late, after Bleep had stopped waiting."


@dataclass(frozen=True)
class _Reader:
    """The user who reads the timeline of an alert."""

    shows_addresses: bool
    ask: str
    has_text: bool
    """Whether the alert still has its text."""

    def why(self, record: Delivery | Attempt, *, in_doubt: bool) -> list[str]:
        """The reason, unless the sentence for a state in doubt already gives it."""
        if not record.reason or (in_doubt and record.reason == Reason.ANSWER_LOST):
            return []
        return [labels.REASON[Reason(record.reason)].for_reader(ask=self.ask, has_text=self.has_text)]


def of(
    alert: Alert,
    *,
    shows_addresses: bool,
    delayed: Mapping[uuid.UUID, Delay] | None = None,
    asking: Asking | None = None,
    ask: str = "",
) -> list[Event]:
    """The events in order. Addresses are masked for users who may not see them on the clinician's page.

    `delayed` says why deliveries wait, by key (`alerts.sending.delays`). `asking` has the people whom Bleep asked to
    take the alert on. `ask` is whom to ask for a change, for users who may not change the clinician.
    """
    known, deliveries = delayed or {}, list(alert.deliveries.all())
    reader = _Reader(shows_addresses, ask, has_text=not alert.is_blank)
    twice = _sent_twice(alert.messages)
    began: dict[int, datetime] = {}
    for each in alert.messages:
        began[each.round] = min(each.created_at, began.get(each.round, each.created_at))
    # An action that started a round comes before the deliveries of the round.
    ordered = [
        (alert.created_at, 0, _received(alert)),
        *(asked.events(alert, asking) if asking else []),
        *([(alert.withdrawn_at, 1, _withdrawn(alert, alert.withdrawn_at))] if alert.withdrawn_at else []),
        *[
            (began.get(each.round or 0, each.created_at), 1, _action(each, taken_from))
            for each, taken_from in handled.in_order(alert)
        ],
        *[
            (
                each.created_at,
                2,
                _delivery(each, asking, reader, known.get(each.pk), sent_twice=each.pk in twice),
            )
            for each in deliveries
        ],
        *[(each.created_at, 1, event) for each, event in _left_out(alert.messages)],
    ]
    return [
        replace(event, after=elapsed(alert.created_at, event.at)) if rank else event
        for _at, rank, event in sorted(ordered, key=lambda entry: entry[:2])
    ]


def _withdrawn(alert: Alert, at: datetime) -> Event:
    return Event(at, "undo", "neutral", f"Withdrawn by {alert.client.name if alert.client else 'Bleep'}")


def _received(alert: Alert) -> Event:
    sentence = f"{alert.get_priority_display()} priority, for {alert.clinician.name} ({alert.contact_id})."
    title = f"Received from {alert.client.name}" if alert.client else "Channel test sent by staff"
    sent_on = getattr(alert, "sent_on_by", None)  # most alerts were not sent on
    if sent_on is None:
        return Event(alert.created_at, "inbox", "neutral", title, sentences=(sentence,))
    first = sent_on.alert
    return Event(
        alert.created_at,
        handled.ICONS[StaffAction.FORWARD],
        "neutral",
        f"Sent on by {handled.name_of(sent_on.by)}",
        sentences=(sentence, f"It was first meant for {first.clinician.name} ({first.contact_id})."),
        link=(first.message_id, first.pk),
    )


def _action(record: AlertAction, taken_from: AlertAction | None) -> Event:
    other = record.sent_on_as
    return Event(
        record.created_at,
        handled.ICONS[StaffAction(record.action)],
        "neutral",
        handled.title(record, taken_from),
        sentences=handled.sentences(record),
        note=record.note,
        link=(other.message_id, other.pk) if other else None,
    )


def _delivery(
    delivery: Delivery,
    asking: Asking | None,
    reader: _Reader,
    delay: Delay | None,
    *,
    sent_twice: bool,
) -> Event:
    channel, state = Channel(delivery.channel), DeliveryState(delivery.state)
    address = delivery.address if reader.shows_addresses else mask(delivery.address)
    badge = delivery_badge(delivery)
    return Event(
        known_at(delivery),
        channel.facts.icon,
        badge.tone,
        asking.title_of(delivery, address) if asking else f"{channel.label} to {address}",
        sentences=(
            *_sentences(delivery, channel, state, delay, reader),
            *([MAYBE_TWICE] if sent_twice else []),
        ),
        badge=badge,
        tries=tuple(_try(each, delivery.alert.created_at, reader) for each in delivery.attempts.all()),
        facts=tuple(_facts(delivery)),
    )


def _left_out(deliveries: Iterable[Delivery]) -> Iterator[tuple[Delivery, Event]]:
    """The channels that were left out when a delivery was made, each once in a round."""
    told: set[tuple[int, int | None, str]] = set()
    for delivery in deliveries:
        told.add(
            (delivery.round, delivery.engagement_id, delivery.channel)
        )  # a channel that was tried instead was not left out
        for kept in delivery.skipped:
            channel = Channel(kept["channel"])
            place = (delivery.round, delivery.engagement_id, channel)
            if place in told:
                continue
            told.add(place)
            obstacle = ObstacleKind(kept["obstacle"]) if kept["obstacle"] else None
            since = datetime.fromisoformat(kept["since"]) if kept["since"] else None
            skipped = Skipped(channel, obstacle, since)
            title = (LEFT_OUT if skipped.is_left_out else LAST).format(channel.label)
            why = f"{capfirst(why_skipped(skipped))}."
            yield delivery, Event(delivery.created_at, channel.facts.icon, "over", title, sentences=(why,))


def known_at(delivery: Delivery) -> datetime:
    """When the delivery's present state became known."""
    attempts = list(delivery.attempts.all())
    match DeliveryState(delivery.state):
        case DeliveryState.PENDING:
            return max(
                (each.finished_at for each in attempts if each.finished_at), default=delivery.created_at
            )
        case DeliveryState.SENDING:
            return max((each.started_at for each in attempts), default=delivery.created_at)
        case _:
            return delivery.outcome_at or delivery.finished_at or delivery.created_at


def _facts(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """The history of a delivery before its present state, with times since the alert was received, and its trace."""
    received = delivery.alert.created_at

    def when(at: datetime) -> str:
        return f"{clock(at, day_of=received)} {elapsed(received, at)}".rstrip()

    if delivery.round > 1:
        yield "Round", str(delivery.round)
    if delivery.created_at != known_at(delivery):
        yield "Queued", when(delivery.created_at)
    if delivery.outcome_at and delivery.finished_at:
        yield "Taken by the provider", when(delivery.finished_at)
    if delivery.provider_id:
        yield "Provider's ID", delivery.provider_id


def _sentences(
    delivery: Delivery, channel: Channel, state: DeliveryState, delay: Delay | None, reader: _Reader
) -> list[str]:
    found = [labels.DELIVERY[state]]
    if state is DeliveryState.CANCELLED and delivery.engagement_id:
        found = [labels.STOPPED_BY_AN_ANSWER]
    if delay:
        found = [delay.what, delay.next]
    elif state is DeliveryState.PENDING and delivery.attempt_count:
        found = ["It will be tried again in a moment."]
    found += reader.why(delivery, in_doubt=state is DeliveryState.UNKNOWN)
    found += _doubts(delivery.address, state) if channel is Channel.SMS else []
    found += (
        _parts(delivery)
        if channel is Channel.SMS and not delivery.notice and not delivery.alert.is_blank
        else []
    )
    if state is DeliveryState.UNKNOWN:
        found.append(ASK_THEM)
    return found


def _doubts(number: str, state: DeliveryState) -> list[str]:
    """A warning if the number may not be able to get an SMS, although the provider took one for it."""
    doubt = phone.sms_doubt(number) if number != EXPIRED else None
    if doubt is None or state not in {DeliveryState.SENT, DeliveryState.DELIVERED}:
        return []
    return [f"But this number {doubt.label}. Reach the person another way."]


def _parts(delivery: Delivery) -> list[str]:
    """How many SMS the text takes, where that is not one, and whether it is cut."""
    sms = texts.sms_as_sent(delivery)
    parts = "1 SMS part" if sms.parts == 1 else f"{sms.parts} SMS parts"
    if sms.is_cut:
        return [f"{parts}: {CUT}"]
    return [f"{parts}."] if sms.parts > 1 else []


def _sent_twice(deliveries: Iterable[Delivery]) -> set[uuid.UUID]:
    """The deliveries that were sent although an earlier one may have arrived."""
    twice: set[uuid.UUID] = set()
    earlier: Counter[int] = Counter()  # per person
    for each in deliveries:
        out = sum(
            attempt.state in (*MAY_HAVE_ARRIVED, AttemptState.CALLING) for attempt in each.attempts.all()
        )
        if each.possible_duplicate and out and earlier[each.clinician_id] + out > 1:
            twice.add(each.pk)
        earlier[each.clinician_id] += out if each.state != DeliveryState.UNDELIVERED else 0
    return twice


def _named(code: str) -> str:
    """A provider's code; a bare number is the HTTP status of an answer that had none."""
    if not code.isdecimal():
        return code
    phrase = next((f" ({each.phrase})" for each in HTTPStatus if str(each.value) == code), "")
    return f"HTTP status {code}{phrase}"


def _try(attempt: Attempt, received: datetime, reader: _Reader) -> Try:
    state = AttemptState(attempt.state)
    has_answer = state is AttemptState.UNKNOWN and aws.has_answered(attempt.code)
    what = labels.ANSWERED_WITH_ERROR if has_answer else labels.ATTEMPT[state]
    sentences = [what, *reader.why(attempt, in_doubt=state is AttemptState.UNKNOWN)]
    if attempt.late:
        sentences.append(LATE)
    facts = [("Provider's code", _named(attempt.code)), ("Provider's ID", attempt.provider_id)]
    return Try(
        attempt.number,
        attempt.started_at,
        f"{clock(attempt.started_at, day_of=received)} {elapsed(received, attempt.started_at)}".rstrip(),
        duration(attempt.finished_at - attempt.started_at) if attempt.finished_at else "",
        str(state.label),
        tuple(sentences),
        tuple((name, value) for name, value in facts if value),
    )
