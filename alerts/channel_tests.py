"""Channel tests: staff send a message over one channel of one clinician.

A test is an alert with `is_test`. It is delivered like any other, but over one channel only, and statistics leave it
out.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models.functions import Now

from alerts import labels, wording
from alerts.channels import ADAPTERS
from alerts.deliveries import opening
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import delays
from alerts.sending.delays import Delay
from alerts.states import NEEDS_REASON, SUCCEEDED, UNFINISHED, DeliveryState, Reason
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.routing import Step

TYPE = "bleep_test"
"""The type of the alert, which becomes the e-mail's subject, "Bleep test"."""
WITHIN = timedelta(minutes=10)
MAX_FOR_ONE = 6
"""Tests for one clinician in that time: enough to try each channel twice, too few to be a nuisance."""
MAX_FOR_ALL = 60
"""Tests for everybody in that time: they use the same AWS quotas as alerts."""

SENTENCES = {
    DeliveryState.PENDING: "It is waiting to be sent.",
    DeliveryState.SENDING: "It is being sent.",
    DeliveryState.SENT: "The provider has taken it. Check whether it arrives.",
    DeliveryState.DELIVERED: "The call was picked up, by a person or by a voicemail. Check that it was heard.",
    DeliveryState.CANCELLED: "It was stopped before it was sent.",
}
"""The sentence for each state, for the person who waits. After a failure the sentence for the reason follows."""

log = structlog.get_logger(__name__)


class NotSent(Exception):
    """No test was sent. The message says why and what to do."""


@dataclass(frozen=True)
class Result:
    """The result of a test so far."""

    alert_id: int
    sent_at: datetime
    """When staff asked for it."""
    state: DeliveryState
    sentence: str
    is_final: bool
    """Whether nothing more will happen."""

    @property
    def went_well(self) -> bool:
        """Whether the provider took it."""
        return self.state in SUCCEEDED


def send_test(*, clinician: Clinician, channel: Channel, by: str) -> Alert:
    """Store a test for one channel and wake the relays. `by` is who asked for it.

    It has High priority: somebody is waiting, and checks made only for High (has the number opted out?) are part of
    the test.

    Raises:
        NotSent: the clinician is inactive, has no address on the channel, or got too many tests lately.
    """
    with transaction.atomic():
        # Serialises tests for one clinician, so that the limit below holds.
        locked = Clinician.objects.select_for_update(no_key=True).get(pk=clinician.pk)
        _refuse_unless_reachable(locked, channel)
        _refuse_if_too_many(locked, channel)
        alert = Alert.objects.create(
            is_test=True,
            clinician=locked,
            message_id=f"test-{uuid.uuid4()}",
            type=TYPE,
            patient_id=wording.TEST_PATIENT,
            contact_id=locked.contact_id,
            description=wording.test(by=by),
            priority=Priority.HIGH,
        )
        opening.open_delivery(alert, Step(channel, locked.address(channel)))
    log.info("test.stored", alert_id=alert.pk, channel=channel.value)
    return alert


def result(clinician: Clinician, alert_id: int) -> Result | None:
    """The result of a test so far; None if this clinician got no such test.

    Two queries, and two more if the test waits.
    """
    tests = Alert.objects.tests().filter(pk=alert_id, clinician=clinician)
    delivery = Delivery.objects.filter(alert__in=tests).select_related("alert").order_by("-round").first()
    return None if delivery is None else _result(delivery, delays.of([delivery]).get(delivery.pk))


def latest(clinician: Clinician) -> dict[Channel, Result]:
    """The clinician's newest test over each channel.

    One query; two more if one waits, and one for each that waits for another try.
    """
    tests = Alert.objects.tests().filter(clinician=clinician)
    newest = Delivery.objects.filter(alert__in=tests).order_by("channel", "-alert_id", "-round")
    found = list(newest.distinct("channel").select_related("alert"))
    delayed = delays.of(found)
    return {Channel(delivery.channel): _result(delivery, delayed.get(delivery.pk)) for delivery in found}


def _result(delivery: Delivery, delay: Delay | None) -> Result:
    state = DeliveryState(delivery.state)
    asked = ADAPTERS[Channel(delivery.channel)].ask and delivery.outcome_due_at is not None
    is_final = state not in UNFINISHED and not (state is DeliveryState.SENT and asked)
    return Result(
        delivery.alert_id, delivery.alert.created_at, state, _sentence(delivery, state, delay), is_final
    )


def _sentence(delivery: Delivery, state: DeliveryState, delay: Delay | None) -> str:
    if state in NEEDS_REASON:
        return f"{state.label}. {labels.REASON[Reason(delivery.reason)]}"
    if state is DeliveryState.PENDING and delivery.attempt_count:
        latest = Attempt.objects.filter(delivery=delivery).order_by("-number").first()
        if latest is not None and latest.reason:
            return f"Not sent yet; it will be tried again. {labels.REASON[Reason(latest.reason)]}"
    return f"{delay.what} {delay.next}" if delay else SENTENCES[state]


def _refuse_unless_reachable(clinician: Clinician, channel: Channel) -> None:
    if not clinician.active:
        raise NotSent(
            "This person is not active, so nothing is sent to them. Tick “Active”, save and try again."
        )
    if not clinician.address(channel):
        raise NotSent(f"{channel.label} has no address. Fill it in, save and try again.")


def _refuse_if_too_many(clinician: Clinician, channel: Channel) -> None:
    recent = Alert.objects.tests().filter(created_at__gt=Now() - WITHIN)
    own = recent.filter(clinician=clinician)
    if own.filter(deliveries__channel=channel, deliveries__state__in=UNFINISHED).exists():
        raise NotSent("The last test over this channel is still on its way. Wait for its result.")
    if own.count() >= MAX_FOR_ONE:
        raise NotSent(f"This person got {MAX_FOR_ONE} tests in ten minutes. Wait a while before the next.")
    if recent.count() >= MAX_FOR_ALL:
        raise NotSent("Too many tests were sent in the last ten minutes. Wait a while before the next.")
