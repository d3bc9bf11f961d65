"""The timeline of an alert: its deliveries, their attempts, and what staff did.

It makes no queries if the alert was read with `client`, `deliveries__attempts` and `actions__by`.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from alerts import labels, wording
from alerts.admin.timeline.waiting import overdue_since
from alerts.deliveries.queries import MAY_HAVE_ARRIVED
from alerts.models import Alert, AlertAction, Attempt, Delivery
from alerts.states import AttemptState, DeliveryState, Reason, StaffAction
from contacts.choices import Channel
from contacts.masking import mask
from theme.times import duration, moment

TONES: dict[DeliveryState, str] = {
    DeliveryState.PENDING: "info",
    DeliveryState.SENDING: "info",
    DeliveryState.SENT: "success",
    DeliveryState.DELIVERED: "success",
    DeliveryState.UNDELIVERED: "danger",
    DeliveryState.FAILED: "danger",
    DeliveryState.UNKNOWN: "warning",
    DeliveryState.CANCELLED: "neutral",
}
DONE_BY = {
    StaffAction.RESEND: "Sent again by",
    StaffAction.CANCEL: "Cancelled by",
    StaffAction.CLOSE: "Marked as dealt with by",
}
ACTION_ICONS = {StaffAction.RESEND: "replay", StaffAction.CANCEL: "block", StaffAction.CLOSE: "task_alt"}
PICKED_UP = "The call was picked up, by a person or by voicemail."
MAYBE_TWICE = "The person may get this twice: it was sent again although an earlier message may have arrived."
ASK_THEM = "Ask the person, or reach them another way."
CUT = "the text is longer, so its end is left out. The patient reference is not."
LATE = "The answer came late, after Bleep had stopped waiting."


@dataclass(frozen=True)
class Try:
    """One call to the provider, in words."""

    number: int
    at: datetime
    took: str
    state: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Event:
    """One thing that happened, in words."""

    at: datetime
    icon: str
    tone: str
    title: str
    sentences: tuple[str, ...] = ()
    state: str = ""
    tries: tuple[Try, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def when(self) -> str:
        """The time, in words."""
        return moment(self.at)


def of(alert: Alert, *, shows_addresses: bool) -> list[Event]:
    """What happened, in order. Addresses are masked for users who may not see them on the clinician's page."""
    deliveries = list(alert.deliveries.all())
    twice = _sent_twice(deliveries)
    began: dict[int, datetime] = {}
    for each in deliveries:
        began[each.round] = min(each.created_at, began.get(each.round, each.created_at))
    # An action that started a round comes before the deliveries of the round.
    ordered = [
        (alert.created_at, 0, _received(alert)),
        *[(began.get(each.round or 0, each.created_at), 1, _action(each)) for each in alert.actions.all()],
        *[(each.created_at, 2, _delivery(each, shows_addresses, each.pk in twice)) for each in deliveries],
    ]
    return [event for _at, _rank, event in sorted(ordered, key=lambda entry: entry[:2])]


def last_action(alert: Alert) -> str:
    """The latest staff action, such as "Sent again by Olive Oakes, 22 Nov, 20:31:24."; empty if there is none."""
    done = [_action(each) for each in alert.actions.all()]
    return f"{done[-1].title}, {done[-1].when}." if done else ""


def _received(alert: Alert) -> Event:
    sentence = f"{alert.get_priority_display()} priority, for {alert.clinician.name} ({alert.contact_id})."
    title = f"Received from {alert.client.name}" if alert.client else "Channel test sent by staff"
    return Event(alert.created_at, "inbox", "neutral", title, sentences=(sentence,))


def _action(record: AlertAction) -> Event:
    who: Any = record.by
    name = who.get_full_name() or who.get_username()
    action = StaffAction(record.action)
    return Event(
        record.created_at, ACTION_ICONS[action], "neutral", f"{DONE_BY[action]} {name}", note=record.note
    )


def _delivery(delivery: Delivery, shows_addresses: bool, sent_twice: bool) -> Event:  # noqa: FBT001
    channel, state = Channel(delivery.channel), DeliveryState(delivery.state)
    address = delivery.address if shows_addresses else mask(delivery.address)
    facts = [("Round", str(delivery.round))] if delivery.round > 1 else []
    if delivery.provider_id:
        facts.append(("Provider's ID", delivery.provider_id))
    if delivery.outcome_at:
        facts.append(("Outcome known", moment(delivery.outcome_at)))
    return Event(
        delivery.created_at,
        channel.facts.icon,
        TONES[state],
        f"{channel.label} to {address}",
        sentences=(*_sentences(delivery, channel, state), *([MAYBE_TWICE] if sent_twice else [])),
        state=str(state.label),
        tries=tuple(_try(each) for each in delivery.attempts.all()),
        facts=tuple(facts),
    )


def _sentences(delivery: Delivery, channel: Channel, state: DeliveryState) -> list[str]:
    found = [labels.DELIVERY[state]]
    if state is DeliveryState.DELIVERED and channel is Channel.CALL:
        found = [PICKED_UP]
    if state is DeliveryState.PENDING and delivery.attempt_count:
        again = date_format(timezone.localtime(delivery.available_at), "H:i:s")
        is_ahead = delivery.available_at > timezone.now()
        found = [f"It will be tried again at {again}." if is_ahead else "It will be tried again in a moment."]
    since = overdue_since(delivery)
    if since:
        found = [f"It is overdue: it has waited since {moment(since)}."]
    found += _why(delivery, state is DeliveryState.UNKNOWN)
    found += _parts(delivery) if channel is Channel.SMS else []
    if state is DeliveryState.UNKNOWN:
        found.append(ASK_THEM)
    return found


def _parts(delivery: Delivery) -> list[str]:
    """How many SMS the text takes, where that is not one, and whether it is cut."""
    alert = delivery.alert
    sms = wording.sms(description=alert.description, patient_id=alert.patient_id)
    parts = "1 SMS part" if sms.parts == 1 else f"{sms.parts} SMS parts"
    if sms.is_cut:
        return [f"{parts}: {CUT}"]
    return [f"{parts}."] if sms.parts > 1 else []


def _why(record: Delivery | Attempt, in_doubt: bool) -> list[str]:  # noqa: FBT001
    """The reason, unless the sentence for a state in doubt already gives it."""
    known = in_doubt and record.reason == Reason.ANSWER_LOST
    return [labels.REASON[Reason(record.reason)]] if record.reason and not known else []


def _sent_twice(deliveries: Iterable[Delivery]) -> set[uuid.UUID]:
    """The deliveries that went out although an earlier one may have arrived."""
    twice, before = set(), 0
    for each in deliveries:
        out = sum(
            attempt.state in (*MAY_HAVE_ARRIVED, AttemptState.CALLING) for attempt in each.attempts.all()
        )
        if each.possible_duplicate and out and before + out > 1:
            twice.add(each.pk)
        before += out if each.state != DeliveryState.UNDELIVERED else 0
    return twice


def _try(attempt: Attempt) -> Try:
    state = AttemptState(attempt.state)
    sentences = [labels.ATTEMPT[state], *_why(attempt, state is AttemptState.UNKNOWN)]
    if attempt.late:
        sentences.append(LATE)
    facts = [("Provider's code", attempt.code), ("Provider's ID", attempt.provider_id)]
    return Try(
        attempt.number,
        attempt.started_at,
        duration(attempt.finished_at - attempt.started_at) if attempt.finished_at else "",
        str(state.label),
        tuple(sentences),
        tuple((name, value) for name, value in facts if value),
    )
