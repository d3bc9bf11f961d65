"""A process dies on the way from one channel to the next: the next one is opened once, and never not at all."""

import time

import pytest
from django.db.models.functions import Now

from alerts.models import Attempt, Delivery
from alerts.sending import breaker, send as sending
from alerts.states import SUCCEEDED, AttemptState, DeliveryState, Reason
from contacts.choices import Channel, Priority
from tests.aws import Aws
from tests.factories import an_alert, make_clinician
from tests.faults.conftest import ForkServer, Rest, let_leases_run_out
from tests.faults.consistency import flaws
from tests.faults.crash import Crash
from tests.sender import Sender

COMMIT = "django.db.backends.base.base:BaseDatabaseWrapper.commit"
PUBLISH = "sns:Publish"
CALL = "connect:StartOutboundVoiceContact"

BEFORE_IT_IS_KNOWN = {
    "before the failure is recorded": Crash("before", "alerts.deliveries.lifecycle:mark_failed"),
    "before the next channel is opened": Crash("before", "alerts.deliveries.opening:open_next"),
    "after the next channel is opened": Crash("after", "alerts.deliveries.opening:open_next"),
    "before it is committed": Crash("before", COMMIT, inside="alerts.deliveries.lifecycle:mark_failed"),
}
FIRST = next(iter(BEFORE_IT_IS_KNOWN))
EACH_CRASH_AND_PRIORITY = pytest.mark.parametrize(
    ("crash", "priority"),
    [
        pytest.param(crash, priority, id=f"{priority}-{name}", marks=marks)
        for name, crash in BEFORE_IT_IS_KNOWN.items()
        for priority in Priority
        for marks in [() if priority is Priority.HIGH or name == FIRST else pytest.mark.proof]
    ],
)
"""Every crash for High, and one for the others; the rest are proofs."""
AFTERWARDS = Crash("after", "alerts.deliveries.lifecycle:mark_failed")


def taken(sender: Sender, priority: Priority, channels: list[Channel]) -> Delivery:
    """An alert that was taken; its first delivery."""
    make_clinician("C-1", {priority: channels})
    assert sender.post(an_alert(priority=priority.value)).status_code == 202
    return Delivery.objects.get()


def ends() -> list[tuple[str, str, str]]:
    """Channel, state and reason of each delivery to C-1, in order; one that was confirmed is as good as accepted."""
    return [
        (each.channel, DeliveryState.SENT if each.state in SUCCEEDED else each.state, each.reason)
        for each in Delivery.objects.filter(alert__contact_id="C-1")
    ]


@EACH_CRASH_AND_PRIORITY
def test_a_refused_call_of_which_nobody_heard_is_tried_again_and_followed_only_for_high(
    crash: Crash, priority: Priority, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    call = taken(sender, priority, [Channel.CALL, Channel.SMS])
    aws.misbehave(CALL, "reject")

    fork_server.kill(crash, "deliver", delivery_id=str(call.pk))
    let_leases_run_out()
    rest.finish()

    assert flaws() == []
    assert [attempt.state for attempt in call.attempts.all()] == [AttemptState.UNKNOWN, AttemptState.REJECTED]
    if priority is Priority.HIGH:
        assert [message["channel"] for message in aws.messages()] == ["sms"]
        assert ends() == [("call", "unknown", Reason.NOT_ALLOWED), ("sms", "sent", "")]
        assert Delivery.objects.get(channel=Channel.SMS).possible_duplicate
    else:
        assert aws.messages() == []
        assert ends() == [("call", "unknown", Reason.ANSWER_LOST)]


@EACH_CRASH_AND_PRIORITY
def test_a_refused_sms_of_which_nobody_heard_is_in_doubt_and_followed_only_for_high(
    crash: Crash, priority: Priority, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    sms = taken(sender, priority, [Channel.SMS, Channel.CALL])
    aws.misbehave(PUBLISH, "reject")

    fork_server.kill(crash, "deliver", delivery_id=str(sms.pk))
    let_leases_run_out()
    rest.finish()

    assert flaws() == []
    if priority is Priority.HIGH:
        assert [message["channel"] for message in aws.messages()] == ["call"]
        assert ends() == [("sms", "unknown", Reason.INVALID_ADDRESS), ("call", "sent", "")]
        assert Delivery.objects.get(channel=Channel.CALL).possible_duplicate
    else:
        assert aws.messages() == []
        assert ends() == [("sms", "unknown", Reason.WORKER_LOST)]


@pytest.mark.parametrize("first", [Channel.CALL, Channel.SMS])
@pytest.mark.parametrize("priority", Priority)
def test_a_refusal_that_is_recorded_is_followed_by_one_message_though_the_worker_dies(
    first: Channel, priority: Priority, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    refused = taken(sender, priority, [first, Channel.EMAIL])
    aws.subscribe(refused.clinician)
    aws.misbehave(CALL if first is Channel.CALL else PUBLISH, "reject", times=1)

    fork_server.kill(AFTERWARDS, "deliver", delivery_id=str(refused.pk))
    let_leases_run_out()
    rest.finish()
    sending.deliver(refused.pk)

    assert flaws() == []
    assert [message["channel"] for message in aws.messages()] == ["email"]
    assert [(channel, state) for channel, state, _ in ends()] == [(first, "failed"), ("email", "sent")]
    assert not Delivery.objects.filter(possible_duplicate=True).exists()


@pytest.mark.parametrize("priority", Priority)
def test_a_throttled_message_is_sent_once_though_the_worker_dies_after_recording_it(
    priority: Priority, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    sms = taken(sender, priority, [Channel.SMS])
    aws.misbehave(PUBLISH, "throttle", times=1)

    fork_server.kill(AFTERWARDS, "deliver", delivery_id=str(sms.pk))
    let_leases_run_out()
    rest.finish()

    assert flaws() == []
    assert len(aws.messages()) == 1
    assert not Delivery.objects.get().possible_duplicate


OUTCOME = "alerts.deliveries.outcomes:mark_undelivered"
AROUND_A_OUTCOME = {
    "before the outcome is recorded": Crash("before", OUTCOME),
    "before the next is opened": Crash("before", "alerts.deliveries.opening:open_next"),
    "after the next is opened": Crash("after", "alerts.deliveries.opening:open_delivery"),
    "before the commit": Crash("before", COMMIT, inside=OUTCOME),
    "afterwards": Crash("after", OUTCOME),
}


@pytest.mark.parametrize("crash", AROUND_A_OUTCOME.values(), ids=AROUND_A_OUTCOME)
@pytest.mark.parametrize("follows", [Channel.SMS, Channel.CALL], ids=["sms", "another ring"])
def test_a_call_that_nobody_answered_is_followed_by_one_message(
    follows: Channel, crash: Crash, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    call = taken(sender, Priority.HIGH, [Channel.CALL, follows])
    aws.misbehave(CALL, "no_answer", times=1)
    rest.finish()

    fork_server.kill(crash, "ask", delivery_id=str(call.pk))
    rest.ask_outcome(call)
    rest.finish()

    assert flaws() == []
    assert ends() == [("call", "undelivered", Reason.NOT_ANSWERED), (follows, "sent", "")]
    assert [message["channel"] for message in aws.messages()] == [follows]
    assert not Delivery.objects.filter(possible_duplicate=True).exists()


@pytest.mark.parametrize(
    "crash",
    [
        Crash("before", "alerts.deliveries.lifecycle:mark_sent"),
        Crash("before", "alerts.deliveries.opening:open_repeat"),
        Crash("after", "alerts.deliveries.opening:open_repeat"),
        Crash("before", COMMIT, inside="alerts.deliveries.lifecycle:mark_sent"),
        Crash("after", "alerts.deliveries.lifecycle:mark_sent"),
    ],
    ids=[
        "before it is recorded",
        "before the ring",
        "after the ring is opened",
        "before the commit",
        "afterwards",
    ],
)
def test_a_call_that_nobody_answered_rings_again_once_though_the_worker_of_the_sms_dies(
    crash: Crash, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    call = taken(sender, Priority.HIGH, [Channel.CALL, Channel.SMS, Channel.CALL])
    aws.misbehave(CALL, "no_answer", times=1)
    rest.finish()
    rest.ask_outcome(call)

    fork_server.kill(crash, "deliver", delivery_id=str(Delivery.objects.get(channel=Channel.SMS).pk))
    let_leases_run_out()
    rest.finish()

    assert flaws() == []
    assert ends() == [("call", "undelivered", Reason.NOT_ANSWERED), ("sms", "sent", ""), ("call", "sent", "")]
    sent = [message["channel"] for message in aws.messages()]
    assert sent.count("call") == 1
    assert sent.count("sms") == 1 or Delivery.objects.get(channel=Channel.SMS).possible_duplicate


@pytest.mark.parametrize(
    "crash",
    [
        Crash("before", "alerts.deliveries.lifecycle:skip_channel"),
        Crash("after", "alerts.deliveries.opening:open_next"),
        Crash("before", COMMIT, inside="alerts.deliveries.lifecycle:skip_channel"),
        Crash("after", "alerts.deliveries.lifecycle:skip_channel"),
    ],
    ids=["before", "after the sms is opened", "before the commit", "afterwards"],
)
def test_a_call_that_is_passed_over_is_followed_by_one_sms(
    crash: Crash, fork_server: ForkServer, rest: Rest, aws: Aws, sender: Sender
) -> None:
    call = taken(sender, Priority.HIGH, [Channel.CALL, Channel.SMS])
    let_provider_be_down(sender)

    fork_server.kill(crash, "deliver", delivery_id=str(call.pk))
    rest.finish()

    assert flaws() == []
    assert [message["channel"] for message in aws.messages()] == ["sms"]
    assert ends() == [("call", "failed", Reason.PROVIDER_DOWN), ("sms", "sent", "")]


def let_provider_be_down(sender: Sender) -> None:
    """As if two others had been called just now, and Connect had never been reached."""
    for number in (1, 2):
        make_clinician(f"C-0{number}", {Priority.MEDIUM: [Channel.CALL]})
        body = an_alert(message_id=f"M-0{number}", contact_id=f"C-0{number}", priority="M")
        assert sender.post(body).status_code == 202
        other = Delivery.objects.get(alert__message_id=f"M-0{number}")
        failed = {"state": AttemptState.UNSENT, "reason": Reason.UNREACHABLE, "finished_at": Now()}
        for each in (1, 2, 3):
            Attempt.objects.create(delivery=other, channel=other.channel, number=each, **failed)
        ended = {"state": DeliveryState.FAILED, "reason": Reason.TOO_OLD, "finished_at": Now()}
        Delivery.objects.filter(pk=other.pk).update(attempt_count=3, **ended)
    time.sleep(breaker.BELIEVED_SECONDS)  # the worker may have found it up just before
