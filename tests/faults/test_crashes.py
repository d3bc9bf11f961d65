"""Whatever dies, at whatever step: the alert is kept, it ends, and no message is sent twice without a mark.

At each step of an alert's way a real process is killed; then the rest of Bleep goes on. The result depends only on how
far the alert had come, its channel and its priority (`docs/decisions/0002-ambiguity-rule.md`).
"""

import uuid
from dataclasses import dataclass
from enum import Enum
from itertools import product, starmap
from typing import Any, NamedTuple

import pytest

from alerts.models import Alert, Delivery
from alerts.sending import send as sending
from alerts.states import SUCCEEDED, Reason
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from tests.aws import Aws
from tests.factories import an_alert, make_clinician
from tests.faults.conftest import ForkServer, Rest, let_leases_run_out
from tests.faults.consistency import flaws
from tests.faults.crash import Crash
from tests.sender import Sender

COMMIT = "django.db.backends.base.base:BaseDatabaseWrapper.commit"
STATEMENT = "config.statements:prepared_row"
STATEMENTS = "config.statements:prepared_rows"
PUBLISH = "kombu.transport.redis:PublishBatch.flush"
REQUEST = "botocore.client:BaseClient._make_api_call"
SENDING = ("Publish", "StartOutboundVoiceContact")
"""The operations that send; others only query or prepare."""


class Trace(Enum):
    """What the dead process has left."""

    NOTHING = "nothing at all"
    ALERT = "the alert, and nothing has been sent"
    ATTEMPT = "an attempt, and nothing has been sent"
    MESSAGE = "an attempt, and the provider has the message"
    ANSWER = "the provider's answer"


class Process(Enum):
    """The process that dies."""

    SENDER = "the web process, with an alert"
    CAREFUL = "the web process, with an alert that it takes step by step"
    RELAY = "a relay, with a delivery that is due"
    RECOVERY = "a relay, while it recovered what a dead worker left"
    WORKER = "a worker, with a delivery that is due"
    SECOND_CHANNEL = "a worker, with a delivery after which another may have to follow"


@dataclass(frozen=True)
class CrashPoint:
    """A step to die at."""

    name: str
    process: Process
    trace: Trace
    crash: Crash


CLAIMED = Crash("after", STATEMENT, inside="alerts.deliveries.claims:claim")

CRASH_POINTS = (
    CrashPoint(
        "before the alert is written",
        Process.SENDER,
        Trace.NOTHING,
        Crash("before", STATEMENT),
    ),
    CrashPoint(
        "between the commit and the answer",
        Process.SENDER,
        Trace.ALERT,
        Crash("after", STATEMENT),
    ),
    CrashPoint(
        "before the alert is written",
        Process.CAREFUL,
        Trace.NOTHING,
        Crash("before", "alerts.intake.step_by_step:_store"),
    ),
    CrashPoint(
        "between the alert and its delivery",
        Process.CAREFUL,
        Trace.NOTHING,
        Crash("before", "alerts.deliveries.opening:open_delivery"),
    ),
    CrashPoint(
        "before the alert is committed",
        Process.CAREFUL,
        Trace.NOTHING,
        Crash("before", COMMIT, inside="alerts.intake.step_by_step:_store"),
    ),
    CrashPoint(
        "between the commit and the answer",
        Process.CAREFUL,
        Trace.ALERT,
        Crash("after", "alerts.intake:accept"),
    ),
    CrashPoint(
        "before it is taken",
        Process.RELAY,
        Trace.ALERT,
        Crash("before", STATEMENTS, inside="alerts.relay.due:take"),
    ),
    CrashPoint(
        "between taking and publishing", Process.RELAY, Trace.ALERT, Crash("after", "alerts.relay.due:take")
    ),
    CrashPoint("before the broker has it", Process.RELAY, Trace.ALERT, Crash("before", PUBLISH)),
    CrashPoint("after publishing", Process.RELAY, Trace.ALERT, Crash("after", PUBLISH)),
    CrashPoint(
        "before it is recovered",
        Process.RECOVERY,
        Trace.ATTEMPT,
        Crash("before", "alerts.sending.send:settle"),
    ),
    CrashPoint(
        "before the recovery is committed",
        Process.RECOVERY,
        Trace.ATTEMPT,
        Crash("after", "alerts.deliveries.lifecycle:mark_failed"),
    ),
    CrashPoint(
        "after the recovery",
        Process.RECOVERY,
        Trace.ATTEMPT,
        Crash("after", "alerts.sending.send:recover_expired"),
    ),
    CrashPoint(
        "before the claim",
        Process.WORKER,
        Trace.ALERT,
        Crash("before", STATEMENT, inside="alerts.deliveries.claims:claim"),
    ),
    CrashPoint("between the claim and the call", Process.WORKER, Trace.ATTEMPT, CLAIMED),
    CrashPoint(
        "before the request leaves",
        Process.WORKER,
        Trace.ATTEMPT,
        Crash("before", REQUEST, given=SENDING),
    ),
    CrashPoint(
        "after the provider took it",
        Process.WORKER,
        Trace.MESSAGE,
        Crash("after", REQUEST, given=SENDING),
    ),
    CrashPoint(
        "before the answer is recorded",
        Process.WORKER,
        Trace.MESSAGE,
        Crash("before", STATEMENT, inside="alerts.deliveries.lifecycle:mark_sent"),
    ),
    CrashPoint(
        "after the answer is recorded",
        Process.WORKER,
        Trace.ANSWER,
        Crash("after", STATEMENT, inside="alerts.deliveries.lifecycle:mark_sent"),
    ),
    CrashPoint(
        "between the delivery and its attempt, recording the answer",
        Process.SECOND_CHANNEL,
        Trace.MESSAGE,
        Crash("before", "alerts.deliveries.lifecycle:_finish_attempt"),
    ),
    CrashPoint(
        "before the answer is committed",
        Process.SECOND_CHANNEL,
        Trace.MESSAGE,
        Crash("before", COMMIT, inside="alerts.deliveries.lifecycle:mark_sent"),
    ),
    CrashPoint(
        "after the answer is recorded",
        Process.SECOND_CHANNEL,
        Trace.ANSWER,
        Crash("after", "alerts.deliveries.lifecycle:mark_sent"),
    ),
)


class End(NamedTuple):
    """What the clinician got, and what is stored."""

    messages: int
    succeeded: bool
    possible_duplicate: bool
    reason: str = ""


def promised(trace: Trace, channel: Channel, priority: Priority) -> End:
    """The promise and the ambiguity rule as four cases."""
    in_doubt = trace in (Trace.ATTEMPT, Trace.MESSAGE)
    sent_before = 1 if trace is Trace.MESSAGE else 0
    if not in_doubt or channel is Channel.CALL:
        return End(1, succeeded=True, possible_duplicate=False)
    if priority is Priority.HIGH:
        return End(sent_before + 1, succeeded=True, possible_duplicate=True)
    return End(sent_before, succeeded=False, possible_duplicate=False, reason=Reason.WORKER_LOST)


FIRST_OF_EACH_TRACE = [next(point for point in CRASH_POINTS if point.trace is trace) for trace in Trace]


def case(priority: Priority, channel: Channel, point: CrashPoint) -> Any:
    """One crash. Every point for an urgent SMS, and one point of each trace for all, are tests; the rest are proofs.

    Each priority can go to a process of its own.
    """
    marks = [pytest.mark.xdist_group(f"crashes {priority}")]
    if (priority, channel) != (Priority.HIGH, Channel.SMS) and point not in FIRST_OF_EACH_TRACE:
        marks.append(pytest.mark.proof)
    name = f"{priority}-{channel}-{point.process.name.lower()} {point.name}"
    return pytest.param(priority, channel, point, marks=marks, id=name)


@pytest.mark.parametrize(
    ("priority", "channel", "point"), list(starmap(case, product(Priority, Channel, CRASH_POINTS)))
)
def test_whatever_dies_the_alert_ends_as_promised(
    priority: Priority,
    channel: Channel,
    point: CrashPoint,
    fork_server: ForkServer,
    rest: Rest,
    aws: Aws,
    sender: Sender,
) -> None:
    clinician = make_clinician("C-1", {priority: [channel]})
    if channel is Channel.EMAIL:
        aws.subscribe(clinician)
    if (
        point.process is Process.CAREFUL
    ):  # what is known of an address that is no longer theirs changes nothing else
        obstacles.remember(clinician.pk, channel, "+447700900009", ObstacleKind.INVALID_ADDRESS)
    body = an_alert(message_id=uuid.uuid4().hex, priority=priority.value)

    die(point, fork_server, sender, body)

    # A sender that got no answer sends again; so may one that got it.
    assert Alert.objects.count() == (0 if point.trace is Trace.NOTHING else 1)
    assert sender.post(body).status_code == (202 if point.trace is Trace.NOTHING else 200)
    rest.finish()
    ended = Delivery.objects.get()
    # Celery may bring the dead worker's task back, late.
    sending.deliver(ended.pk)

    assert flaws() == []
    assert End(
        messages=len(aws.messages()),
        succeeded=ended.state in SUCCEEDED,
        possible_duplicate=ended.possible_duplicate,
        reason=ended.reason,
    ) == promised(point.trace, channel, priority)
    if not ended.reason:
        assert ended.provider_id in {message["provider_id"] for message in aws.messages()}


def die(point: CrashPoint, fork_server: ForkServer, sender: Sender, body: dict[str, object]) -> None:
    """Bring an alert to the step, and kill the process that is at it."""
    if point.process in (Process.SENDER, Process.CAREFUL):
        fork_server.kill(point.crash, "post", body=body, token=sender.headers["Authorization"])
        return
    assert sender.post(body).status_code == 202
    delivery_id = str(Delivery.objects.get().pk)
    if point.process is Process.RELAY:
        fork_server.kill(point.crash, "relay")
        return
    if point.process is Process.SECOND_CHANNEL:
        Delivery.objects.update(position=2)
    first = CLAIMED if point.process is Process.RECOVERY else point.crash
    fork_server.kill(first, "deliver", delivery_id=delivery_id)
    let_leases_run_out()
    if point.process is Process.RECOVERY:
        fork_server.kill(point.crash, "relay")
