"""Checks the promise: compares Bleep's answers, its stored alerts and the messages that AWS received.

Pure: three lists in, a verdict out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.load.people import Preferences
from bench.records import SUCCEEDED, UNFINISHED, AlertRecord, DeliveryRecord, MessageRecord

MAY_HAVE_ARRIVED = ("sent", "unknown", "calling")
"""States of an attempt whose message may have arrived."""
GIVES_WAY = ("failed", "undelivered")
"""States of a delivery after which the next channel is tried."""


@dataclass
class Verdict:
    """The result. The promise was kept if `broken` is empty."""

    accepted: int = 0
    sent: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    in_doubt: Counter[str] = field(default_factory=Counter)
    answers: dict[str, int] = field(default_factory=dict)
    """How alerts ended that somebody was asked to take on."""
    duplicates_flagged: int = 0
    duplicates_unflagged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    false_sent: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Every violation, as a sentence."""
        return [*self.lost, *self.duplicates_unflagged, *self.false_sent, *self.violations]


def judge(
    *,
    answered: Sequence[str],
    alerts: Sequence[AlertRecord],
    received: Sequence[MessageRecord],
    preferences: Mapping[str, Preferences],
) -> Verdict:
    """Compare. `answered` are the keys of alerts that got a 2xx; `preferences` are by contact ID."""
    verdict = Verdict(accepted=len(answered))
    stored = {alert.key: alert for alert in alerts}
    arrived: dict[tuple[str, str], list[MessageRecord]] = defaultdict(list)
    for message in received:
        arrived[message.key, message.channel].append(message)
    for key in answered:
        verdict.lost += _lost(key, stored.get(key))
    for alert in alerts:
        _count(verdict, alert)
        verdict.violations += _broken_rules(alert, preferences[alert.contact_id].get(alert.priority, ()))
        for delivery in alert.deliveries:
            _compare(verdict, alert, delivery, arrived.pop((alert.key, delivery.channel), []))
    for key, channel in arrived:
        verdict.violations.append(f"{key}: AWS got a message by {channel} that belongs to no delivery.")
    return verdict


def _lost(key: str, alert: AlertRecord | None) -> Iterator[str]:
    if alert is None:
        yield f"{key}: answered with a 2xx, but not stored."
    elif not alert.deliveries:
        yield f"{key}: stored without a delivery."
    else:
        for delivery in alert.deliveries:
            if delivery.state in UNFINISHED:
                yield f"{key}: its delivery by {delivery.channel} is still {delivery.state}."


def _count(verdict: Verdict, alert: AlertRecord) -> None:
    """Count each alert once, by the last delivery that was tried."""
    if any(delivery.state in SUCCEEDED for delivery in alert.deliveries):
        verdict.sent += 1
    elif alert.deliveries and alert.deliveries[-1].state == "unknown":
        verdict.in_doubt[alert.deliveries[-1].reason] += 1
    elif alert.deliveries and alert.deliveries[-1].state not in UNFINISHED:
        verdict.failed[alert.deliveries[-1].reason] += 1


def _compare(
    verdict: Verdict, alert: AlertRecord, delivery: DeliveryRecord, arrived: Sequence[MessageRecord]
) -> None:
    """Compare a delivery with the messages that AWS got."""
    name = _name(alert, delivery)
    if len(arrived) > 1:
        if delivery.possible_duplicate:
            verdict.duplicates_flagged += 1
        else:
            verdict.duplicates_unflagged.append(
                f"{name}: AWS got it {len(arrived)} times, but it is not marked."
            )
    known = {message.provider_id for message in arrived}
    if delivery.state in (*SUCCEEDED, "undelivered") and delivery.provider_id not in known:
        verdict.false_sent.append(f"{name}: AWS never got it.")
    for attempt in delivery.attempts:
        if attempt.state == "sent" and attempt.provider_id not in known:
            verdict.false_sent.append(f"{name}: attempt {attempt.number} says sent, but AWS never got it.")
    verdict.violations += _contradictions(delivery, name, arrived)


def _contradictions(delivery: DeliveryRecord, name: str, arrived: Sequence[MessageRecord]) -> Iterator[str]:
    """Check the messages that AWS got against the delivery's state."""
    if delivery.state == "failed" and arrived:
        yield f"{name}: AWS got it nevertheless."
    possible = sum(attempt.state in MAY_HAVE_ARRIVED for attempt in delivery.attempts)
    if len(arrived) > possible:
        yield f"{name}: AWS got it {len(arrived)} times, but only {possible} attempts may have arrived."
    if delivery.channel == "call" and {message.client_token for message in arrived} - {delivery.id}:
        yield f"{name}: the call's client token is not the delivery's id."


def _broken_rules(alert: AlertRecord, preferences: Sequence[str]) -> Iterator[str]:
    """Rules for every alert that the database's constraints do not cover."""
    channels = [delivery.channel for delivery in alert.deliveries]
    skipped = {channel for delivery in alert.deliveries for channel in delivery.skipped}
    wanted = [each for each in preferences if each not in skipped]
    if channels != wanted[: len(channels)] and channels != list(preferences[: len(channels)]):
        yield f"{alert.key}: tried {channels} but the preferences are {list(preferences)}."
    for delivery, following in pairwise(alert.deliveries):
        if delivery.state not in GIVES_WAY and not _was_in_doubt(alert, delivery):
            yield f"{_name(alert, delivery)}: the next channel was tried nevertheless."
        if delivery.state not in GIVES_WAY and not following.possible_duplicate:
            yield f"{_name(alert, following)}: it follows a delivery that may have arrived, but is not marked."
    for delivery in alert.deliveries[-1:]:
        gives_way = delivery.state in GIVES_WAY or (delivery.state == "unknown" and alert.priority == "H")
        if gives_way and len(channels) < len(preferences):
            yield f"{_name(alert, delivery)}: {preferences[len(channels)]} was not tried."
    for delivery in alert.deliveries:
        yield from _broken_attempts(_name(alert, delivery), delivery)


def _was_in_doubt(alert: AlertRecord, delivery: DeliveryRecord) -> bool:
    """Whether a High delivery was given up in doubt. A late answer may have settled it since."""
    return alert.priority == "H" and any(each.state == "unknown" or each.late for each in delivery.attempts)


def _broken_attempts(name: str, delivery: DeliveryRecord) -> Iterator[str]:
    if [attempt.number for attempt in delivery.attempts] != list(range(1, delivery.attempt_count + 1)):
        yield f"{name}: its attempts are not 1 to {delivery.attempt_count}."
    if delivery.state not in UNFINISHED and any(each.state == "calling" for each in delivery.attempts):
        yield f"{name}: finished, but an attempt is still calling."


def _name(alert: AlertRecord, delivery: DeliveryRecord) -> str:
    return f"{alert.key} ({alert.priority}, {delivery.channel}, {delivery.state})"
