"""Rules that stored alerts must always follow, whatever died. They share no code with the product."""

from collections.abc import Iterator

from alerts.models import Alert, Attempt, Delivery
from alerts.models.alert import AlertQuerySet
from alerts.states import (
    NEEDS_REASON,
    SUCCEEDED,
    UNFINISHED,
    AlertState,
    AlertStatus,
    AttemptState,
    DeliveryState,
)
from contacts.choices import Channel


def flaws() -> list[str]:
    """Every violated rule, as a sentence."""
    return [flaw for alert in read() for flaw in of_alert(alert)]


def read() -> AlertQuerySet:
    """Every alert with its status, its deliveries and their attempts."""
    return Alert.objects.with_status().prefetch_related("deliveries__attempts")


def of_alert(alert: Alert) -> Iterator[str]:
    """The violated rules of one alert from `read`."""
    deliveries = list(alert.deliveries.all())
    if not deliveries:
        yield f"{alert} has no delivery."
    if sum(each.state in UNFINISHED for each in deliveries) > 1:
        yield f"{alert} is being sent over two channels at once."
    yield from _of_status(alert, status_of(alert.state, [(each.round, each.state) for each in deliveries]))
    rounds = [each.round for each in deliveries]
    if set(rounds) != set(range(1, max(rounds, default=0) + 1)):
        yield f"{alert} has gaps in its rounds."
    if {each.round for each in deliveries if each.state in UNFINISHED} - {max(rounds, default=0)}:
        yield f"{alert} is being sent in a round that is not the newest."
    for delivery in deliveries:
        for flaw in _of_delivery(delivery, list(delivery.attempts.all())):
            yield f"{alert}, {delivery}: {flaw}"


def _of_status(alert: Alert, expected: str) -> Iterator[str]:
    if alert.status != expected:
        yield f"{alert} has the status {alert.status}, which contradicts its deliveries."
    if alert.failed != (expected == AlertStatus.FAILED):
        yield f"{alert} has the status {expected}, and the database notes otherwise whether it has failed."


def status_of(alert_state: str, states: list[tuple[int, str]], *, is_asked: bool = False) -> str:
    """The expected status, computed in another way than the query: from rounds and states of the deliveries, and from
    whether people are still asked to take the alert on.
    """
    if alert_state in (AlertState.ACKNOWLEDGED, AlertState.WITHDRAWN):
        return str(alert_state)
    ever = {state for _round, state in states}
    newest = max((number for number, _state in states), default=0)
    last = {state for number, state in states if number == newest}
    if DeliveryState.DELIVERED in ever:
        return AlertStatus.DELIVERED
    if DeliveryState.SENT in last:
        return AlertStatus.SENT
    # What is cancelled while the alert is open was for somebody who declined.
    cancelled = DeliveryState.CANCELLED in last and alert_state != AlertState.OPEN
    stopped = alert_state == AlertState.CANCELLED or cancelled
    goes_on = is_asked or bool(last & set(UNFINISHED))
    if stopped or goes_on:  # but a message that a provider took always counts as sent
        if DeliveryState.SENT in ever:
            return AlertStatus.SENT
        return AlertStatus.QUEUED if goes_on else AlertStatus.CANCELLED
    return AlertStatus.FAILED


def _of_delivery(delivery: Delivery, attempts: list[Attempt]) -> Iterator[str]:
    calling = [each.number for each in attempts if each.state == AttemptState.CALLING]
    accepted = [each for each in attempts if each.state == AttemptState.SENT]
    if [each.number for each in attempts] != list(range(1, delivery.attempt_count + 1)):
        yield "the attempts are not numbered one by one."
    if {each.channel for each in attempts} - {delivery.channel}:
        yield "an attempt has another channel."
    if calling != ([delivery.attempt_count] if delivery.state == DeliveryState.SENDING else []):
        yield "its state and its calling attempts do not match."
    if delivery.state in SUCCEEDED and delivery.provider_id not in {each.provider_id for each in accepted}:
        yield "no attempt has its provider id."
    if delivery.state in NEEDS_REASON and not delivery.reason:
        yield "it did not get through, but has no reason."
    doubtful = [each for each in attempts if each.state in (AttemptState.SENT, AttemptState.UNKNOWN)]
    if delivery.state == DeliveryState.CANCELLED and doubtful:
        yield "it is cancelled, but may have arrived."
    if len(accepted) > 1 and not delivery.possible_duplicate and delivery.channel != Channel.CALL:
        yield "it was sent twice, but is not marked."
