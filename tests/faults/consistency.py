"""What must hold of the ledger at every moment, whatever died: said in Python, apart from the code that keeps it."""

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
    """Every way in which the ledger contradicts itself, as sentences."""
    return [flaw for alert in read() for flaw in of_alert(alert)]


def read() -> AlertQuerySet:
    """Every alert with its status, its deliveries and their attempts."""
    return Alert.objects.with_status().prefetch_related("deliveries__attempts")


def of_alert(alert: Alert) -> Iterator[str]:
    """The flaws of one alert that was read with `read`."""
    deliveries = list(alert.deliveries.all())
    if not deliveries:
        yield f"{alert} has no delivery."
    if sum(each.state in UNFINISHED for each in deliveries) > 1:
        yield f"{alert} is on its way over two channels at once."
    if alert.status != status_of(alert.state, [(each.round, each.state) for each in deliveries]):
        yield f"{alert} is called {alert.status}, which its deliveries do not say."
    rounds = [each.round for each in deliveries]
    if set(rounds) != set(range(1, max(rounds, default=0) + 1)):
        yield f"{alert} has rounds that are not counted one by one."
    if {each.round for each in deliveries if each.state in UNFINISHED} - {max(rounds, default=0)}:
        yield f"{alert} is on its way in a round that another has followed."
    for delivery in deliveries:
        for flaw in _of_delivery(delivery, list(delivery.attempts.all())):
            yield f"{alert}, {delivery}: {flaw}"


def status_of(alert_state: str, states: list[tuple[int, str]]) -> str:
    """What a client should be told, said another way than the query says it: by rounds and states of the deliveries."""
    if alert_state == AlertState.ACKNOWLEDGED:
        return AlertStatus.ACKNOWLEDGED
    ever = {state for _round, state in states}
    newest = max((number for number, _state in states), default=0)
    last = {state for number, state in states if number == newest}
    if DeliveryState.DELIVERED in ever:
        return AlertStatus.DELIVERED
    if DeliveryState.SENT in last:
        return AlertStatus.SENT
    stopped = alert_state == AlertState.CANCELLED or DeliveryState.CANCELLED in last
    if stopped or last & set(UNFINISHED):  # but what a provider took is never said not to have been sent
        if DeliveryState.SENT in ever:
            return AlertStatus.SENT
        return AlertStatus.QUEUED if last & set(UNFINISHED) else AlertStatus.CANCELLED
    return AlertStatus.FAILED


def _of_delivery(delivery: Delivery, attempts: list[Attempt]) -> Iterator[str]:
    calling = [each.number for each in attempts if each.state == AttemptState.CALLING]
    accepted = [each for each in attempts if each.state == AttemptState.SENT]
    if [each.number for each in attempts] != list(range(1, delivery.attempt_count + 1)):
        yield "the attempts are not numbered one by one."
    if {each.channel for each in attempts} - {delivery.channel}:
        yield "an attempt says that it went over another channel."
    if calling != ([delivery.attempt_count] if delivery.state == DeliveryState.SENDING else []):
        yield "what is being sent and what is calling are not the same."
    if delivery.state in SUCCEEDED and delivery.provider_id not in {each.provider_id for each in accepted}:
        yield "the provider's id is of no attempt."
    if delivery.state in NEEDS_REASON and not delivery.reason:
        yield "it did not get through, and nobody knows why."
    doubtful = [each for each in attempts if each.state in (AttemptState.SENT, AttemptState.UNKNOWN)]
    if delivery.state == DeliveryState.CANCELLED and doubtful:
        yield "it is said to have been stopped before it was sent, and may have arrived."
    if len(accepted) > 1 and not delivery.possible_duplicate and delivery.channel != Channel.CALL:
        yield "it was taken twice and is not marked."
