"""Whatever dies while people are asked to take an alert on, and at whatever step: what was begun is done once.

A process is killed at each step; then the same is done again, as a sender, a relay or a repeated question does it.
"""

import uuid
from datetime import timedelta

import pytest
import requests
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts import responses
from alerts.channels import queues
from alerts.escalation import steps
from alerts.models import Alert, Delivery, Engagement, InboundMessage, Loop, Response
from alerts.relay.queue_reader import QueueReader
from alerts.responses import codes, sms_replies
from alerts.sending import outcomes, send
from alerts.states import LoopOutcome, Proof, ResponseKind
from config.database import Lock
from contacts.models import Clinician
from sandbox.queues import reply_queue_url
from tests.alerts.escalation.factories import asked, let_time_run_out, notices, take
from tests.aws import Aws
from tests.factories import an_alert
from tests.faults.conftest import ForkServer
from tests.faults.crash import Crash
from tests.faults.loop_consistency import loop_flaws
from tests.oncall.factories import make_colleague, make_plan
from tests.sender import Sender

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("loop crashes")]

COMMIT = "django.db.backends.base.base:BaseDatabaseWrapper.commit"


@pytest.fixture
def plan(clinician: Clinician) -> None:
    """C-1 is asked, then C-2."""
    make_plan(None, make_colleague("C-2"))


def taken(sender: Sender) -> Alert:
    """A High alert for C-1."""
    assert sender.post(an_alert(message_id=uuid.uuid4().hex, priority="H")).status_code == 202
    return Alert.objects.get()


@pytest.mark.parametrize(
    ("crash", "stored"),
    [
        (Crash("before", "alerts.escalation.asking:begin"), False),
        (Crash("before", "alerts.escalation.asking:_ask"), False),
        (Crash("before", "alerts.deliveries.opening:open_firsts"), False),
        (Crash("after", "alerts.escalation.asking:begin"), False),
        (Crash("before", COMMIT, inside="alerts.intake.step_by_step:_store"), False),
        (Crash("after", "alerts.intake:accept"), True),
    ],
    ids=str,
)
def test_an_alert_with_a_plan_is_taken_whole_or_not_at_all(
    plan: None, sender: Sender, fork_server: ForkServer, crash: Crash, stored: bool
) -> None:
    body = an_alert(priority="H")
    fork_server.kill(crash, "post", body=body, token=sender.headers["Authorization"])
    assert (Alert.objects.count(), Loop.objects.count(), Engagement.objects.count()) == (
        stored,
        stored,
        stored,
    )
    assert sender.post(body).status_code == (200 if stored else 202)
    assert asked(Alert.objects.get()) == [("C-1", "asked")]
    assert loop_flaws() == []


@pytest.mark.parametrize(
    ("crash", "done"),
    [
        (Crash("before", "alerts.escalation.steps:_steps"), False),
        (Crash("before", "alerts.escalation.asking:ask_next"), False),
        (Crash("before", "alerts.escalation.asking:_ask"), False),
        (Crash("before", "alerts.deliveries.opening:open_firsts"), False),
        (Crash("after", "alerts.escalation.asking:_ask"), False),
        (Crash("before", COMMIT, inside="alerts.escalation.steps:_take_up"), False),
        (Crash("after", "alerts.escalation.steps:_take_up"), True),
    ],
    ids=str,
)
def test_a_step_is_taken_up_once(
    plan: None, sender: Sender, fork_server: ForkServer, crash: Crash, done: bool
) -> None:
    alert = taken(sender)
    Engagement.objects.update(due_at=Now() - timedelta(seconds=1))
    Loop.objects.update(due_at=Now() - timedelta(seconds=1))
    fork_server.kill(crash, "escalate")
    assert steps.take_up_due() == (0 if done else 1)
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "asked")]
    assert Delivery.objects.count() == 2
    assert loop_flaws() == []


@pytest.mark.parametrize(
    ("crash", "done"),
    [
        (Crash("before", "alerts.escalation.asking:exhaust"), False),
        (Crash("after", "alerts.escalation.asking:exhaust"), False),
        (Crash("before", COMMIT, inside="alerts.escalation.steps:_take_up"), False),
        (Crash("after", "alerts.escalation.steps:_take_up"), True),
    ],
    ids=str,
)
def test_that_nobody_is_left_is_known_once(
    plan: None, sender: Sender, fork_server: ForkServer, crash: Crash, done: bool
) -> None:
    alert = taken(sender)
    let_time_run_out(alert)
    Engagement.objects.update(due_at=Now() - timedelta(seconds=1))
    Loop.objects.update(due_at=Now() - timedelta(seconds=1))
    fork_server.kill(crash, "escalate")
    assert steps.take_up_due() == (0 if done else 1)
    assert Loop.objects.get().outcome == LoopOutcome.EXHAUSTED
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "undefined")]
    assert loop_flaws() == []


@pytest.mark.parametrize("kind", ResponseKind)
@pytest.mark.parametrize(
    "crash",
    [
        Crash("before", "alerts.responses.respond:_carry_out"),
        Crash("after", "alerts.responses.respond:_carry_out"),
        Crash("before", COMMIT, inside="alerts.responses:respond"),
        Crash("after", "alerts.responses:respond"),
    ],
    ids=str,
)
def test_an_answer_counts_once(
    plan: None, sender: Sender, fork_server: ForkServer, crash: Crash, kind: ResponseKind
) -> None:
    alert = taken(sender)
    let_time_run_out(alert)
    _first, second = Engagement.objects.filter(alert=alert).order_by("number")
    if kind is ResponseKind.HAND_BACK:
        responses.respond(second.pk, responses.Answer(ResponseKind.ACCEPT, Proof.CALL_KEY, "before"))
    before = Response.objects.count()
    fork_server.kill(crash, "answer", engagement=second.pk, kind=kind.value, evidence="call-1")
    for _ in range(2):
        kept = responses.respond(second.pk, responses.Answer(kind, Proof.CALL_KEY, "call-1"))
        assert kept.effect == "applied"
    assert Response.objects.count() == before + 1
    assert asked(alert)[1] == ("C-2", "accepted" if kind is ResponseKind.ACCEPT else "declined")
    steps.take_up_due()
    assert len(asked(alert)) == 2, "nobody is left, or nobody is asked any more"
    assert loop_flaws() == []


@pytest.mark.parametrize(
    "crash",
    [
        Crash("before", "alerts.sending.outcomes:_picked_up"),
        Crash("after", "alerts.deliveries.outcomes:mark_delivered"),
        Crash("before", COMMIT, inside="alerts.sending.outcomes:respond"),
        Crash("after", "alerts.sending.outcomes:respond"),
        Crash("after", "alerts.sending.outcomes:_take_answer"),
    ],
    ids=str,
)
def test_a_key_that_was_pressed_counts_once(
    plan: None, sender: Sender, aws: Aws, fork_server: ForkServer, crash: Crash
) -> None:
    alert = taken(sender)
    [call] = Delivery.objects.all()
    send.deliver(call.pk)
    pressed = requests.post(
        f"{aws.url}/handset/answer", json={"number": call.address, "keys": "11"}, timeout=5
    )
    assert pressed.ok, pressed.text
    fork_server.kill(crash, "ask", delivery_id=str(call.pk))
    for _ in range(2):
        outcomes.ask(call.pk)
    assert asked(alert) == [("C-1", "accepted")]
    assert Response.objects.count() == 1
    call.refresh_from_db()
    assert (call.state, call.outcome_due_at) == ("delivered", None)
    assert loop_flaws() == []


@pytest.mark.parametrize(
    ("crash", "deleted"),
    [
        (Crash("before", "alerts.responses.reply_intake:take"), False),
        (Crash("before", COMMIT, inside="alerts.responses.reply_intake:take"), False),
        (Crash("after", "alerts.responses.reply_intake:take"), False),
        (Crash("after", "alerts.channels.queues:delete"), True),
    ],
    ids=str,
)
def test_a_reply_by_sms_counts_once(
    plan: None,
    sender: Sender,
    aws: Aws,
    fork_server: ForkServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    crash: Crash,
    deleted: bool,
) -> None:
    settings.SMS_REPLY_QUEUE_URL = reply_queue_url(aws.url)
    for name in ("WAIT_SECONDS", "HIDDEN_SECONDS"):
        monkeypatch.setattr(queues, name, 0)
    alert = taken(sender)
    engagement = Engagement.objects.get()
    number = engagement.clinician.sms_number
    reply = {"number": number, "text": f"1 {codes.make(engagement.pk, number)}"}
    assert requests.post(f"{aws.url}/handset/reply", json=reply, timeout=5).ok
    fork_server.kill(crash, "read_replies")
    assert bool(queues.receive(settings.SMS_REPLY_QUEUE_URL)) != deleted
    looks = iter([False, True])
    url = settings.SMS_REPLY_QUEUE_URL
    QueueReader("replies", url, sms_replies.take, lock=Lock.SMS_REPLIES).run(lambda: next(looks))
    assert asked(alert) == [("C-1", "accepted")]
    assert (Response.objects.count(), InboundMessage.objects.count()) == (1, 1)
    assert notices(alert) == [("C-1", "sms", "accepted")]
    assert loop_flaws() == []


@pytest.mark.parametrize(
    "crash",
    [
        Crash("before", "alerts.escalation.ending:end"),
        Crash("after", "alerts.deliveries.stopping:end"),
        Crash("after", "alerts.escalation.ending:close_loop"),
        Crash("after", "alerts.escalation.notices:tell"),
        Crash("before", COMMIT, inside="alerts.escalation.withdrawal:withdraw"),
        Crash("after", "alerts.escalation.withdrawal:withdraw"),
    ],
    ids=str,
)
def test_a_withdrawal_is_done_once(plan: None, sender: Sender, fork_server: ForkServer, crash: Crash) -> None:
    alert = taken(sender)
    take(Delivery.objects.get())
    let_time_run_out(alert)
    path = f"/notification/{alert.message_id}/withdraw"
    fork_server.kill(crash, "post", body={}, token=sender.headers["Authorization"], path=path)
    for _ in range(2):
        said = sender.client.post(path, headers=sender.headers)
        assert (said.status_code, said.json()["status"]) == (200, "withdrawn")
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "withdrawn")]
    assert notices(alert) == [("C-1", "sms", "ended")]
    assert steps.take_up_due() == 0
    assert loop_flaws() == []
