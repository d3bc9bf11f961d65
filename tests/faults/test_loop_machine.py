"""Any order of silence, answers, failures, covers and staff: one holder, nobody asked in vain, nothing revived."""

import contextlib
import itertools
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alerts import intake, responses
from alerts.actions import forwarding
from alerts.actions.records import ActionRefused
from alerts.deliveries import outcomes
from alerts.escalation import ending, steps
from alerts.models import Alert, Delivery, Engagement, Loop, Response
from alerts.states import AlertState, DeliveryState, Effect, EngagementState, Proof, ResponseKind
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from oncall.models import Cover
from tests.alerts.escalation.factories import refuse, take
from tests.factories import an_alert
from tests.faults.loop_consistency import of_loop
from tests.oncall.factories import MINUTE, cover, make_colleague, make_plan

PEOPLE = 3


class Loops(RuleBasedStateMachine):
    """One alert that three people are asked to take on."""

    numbers = st.integers(min_value=0, max_value=9)

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.evidence = itertools.count(1)
        self.known: dict[str, tuple[str, int]] = {}
        """The effect of each answer, and whose it was, by its evidence."""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(steps=st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=5), accepted=st.booleans())
    def an_alert_is_taken(self, steps: list[int], accepted: bool) -> None:
        """And perhaps accepted at once, since most of what can go wrong then would seldom be reached."""
        self.people = [make_colleague(f"{uuid.uuid4().hex}-{each}") for each in range(PEOPLE)]
        plan = [None if each == 0 else self.people[each] for each in steps]
        made = make_plan(*plan, clinician=self.people[0], name=uuid.uuid4().hex)
        made.steps.filter(position=1).update(wait=10 * MINUTE)
        self.desk = User.objects.create_user(uuid.uuid4().hex)
        client = ApiClient.objects.create(name=uuid.uuid4().hex)
        body = an_alert(message_id=uuid.uuid4().hex, contact_id=self.people[0].contact_id)
        new = intake.NewAlert(**{**body, "priority": Priority.HIGH})
        self.alert = intake.accept(client=client, new=new).alert
        if accepted:
            self.somebody_answers(0, ResponseKind.ACCEPT, Proof.LINK)

    def read(self) -> Alert:
        return Alert.objects.get(pk=self.alert.pk)

    @rule()
    def nobody_answers_in_time(self) -> None:
        before = self.read()
        asked = Engagement.objects.filter(alert=before).count()
        loop = Loop.objects.get(alert=before)
        if loop.due_at is not None:
            passes = loop.due_at - timezone.now() + timedelta(seconds=1)
            Engagement.objects.filter(alert=before, ended_at=None).update(due_at=F("due_at") - passes)
            Loop.objects.filter(alert=before).update(due_at=F("due_at") - passes)
        taken = steps.take_up_due()
        assert taken == (loop.due_at is not None), "what is due is taken up"
        if before.state != AlertState.OPEN:
            assert Engagement.objects.filter(alert=before).count() == asked

    @rule(number=numbers)
    def staff_ask_somebody_else(self, number: int) -> None:
        """Beside whoever is asked, whose time may be longer."""
        with contextlib.suppress(ActionRefused):
            forwarding.ask(self.alert.pk, to=self.people[number % PEOPLE], by=self.desk)

    @rule(
        number=numbers,
        kind=st.sampled_from(ResponseKind),
        proof=st.sampled_from([Proof.CALL_KEY, Proof.LINK]),
    )
    def somebody_answers(self, number: int, kind: ResponseKind, proof: Proof) -> None:
        before = self.read()
        engagement = self.pick(number)
        holders = Engagement.objects.filter(alert=before, state=EngagementState.ACCEPTED)
        had = holders.values_list("clinician_id", flat=True).first()
        evidence = f"evidence-{next(self.evidence)}-{before.pk}"
        response = responses.respond(engagement.pk, responses.Answer(kind, proof, evidence))
        self.known[evidence] = (response.effect, engagement.pk)
        after = self.read()
        if before.state == AlertState.OPEN and kind is ResponseKind.ACCEPT:
            assert (response.effect, after.state) == (Effect.APPLIED, AlertState.ACKNOWLEDGED)
        if before.state in (AlertState.CANCELLED, AlertState.CLOSED, AlertState.WITHDRAWN):
            assert (response.effect, after.state) == (Effect.TOO_LATE, before.state)
        if before.state == AlertState.ACKNOWLEDGED and after.state != AlertState.ACKNOWLEDGED:
            assert engagement.clinician_id == had, "only the holder hands back"
            assert kind is not ResponseKind.ACCEPT

    def pick(self, number: int) -> Engagement:
        asked = list(Engagement.objects.filter(alert=self.alert).order_by("number"))
        return asked[number % len(asked)]

    @rule(number=numbers)
    def an_answer_comes_again(self, number: int) -> None:
        if not self.known:
            return
        evidence, (effect, engagement_id) = sorted(self.known.items())[number % len(self.known)]
        kept = Response.objects.get(alert=self.alert, evidence=evidence)
        before, count = self.read().state, Response.objects.count()
        again = responses.respond(
            engagement_id, responses.Answer(ResponseKind.ACCEPT, Proof(kept.proof), evidence)
        )
        assert (again.pk, again.effect) == (kept.pk, effect)
        assert (self.read().state, Response.objects.count()) == (before, count)

    @rule(taken=st.booleans())
    def a_message_is_taken_or_refused(self, taken: bool) -> None:
        waiting = Delivery.objects.filter(alert=self.alert, state=DeliveryState.PENDING).order_by("id")
        for delivery in waiting.filter(available_at__lte=timezone.now())[:1]:
            take(delivery) if taken else refuse(delivery)

    @rule(number=numbers)
    def a_call_ends_without_a_key(self, number: int) -> None:
        for delivery in Delivery.objects.filter(
            alert=self.alert, state=DeliveryState.SENT, outcome_due_at__isnull=False, notice=""
        )[:1]:
            outcomes.mark_delivered(delivery.pk, asked_on=True)
            outcomes.end_without_answer(delivery.pk)

    @rule(what=st.sampled_from([*["nothing"] * 8, "cancelled", "closed", "withdrawn", "reopened"]))
    def staff_or_the_sender_end_it(self, what: str) -> None:
        """Seldom: nothing more happens to what has ended, and most lives would be short."""
        alert = self.read()
        told = Delivery.objects.filter(alert=alert).exclude(notice="").count()
        match what:
            case "nothing":
                pass
            case "reopened":
                ending.reopen(alert)
            case "withdrawn":
                ending.end(alert, AlertState.WITHDRAWN, even_if_acknowledged=True)
            case _:
                ending.end(alert, AlertState(what))
        if self.read().state == alert.state:
            assert Delivery.objects.filter(alert=alert).exclude(notice="").count() == told, (
                "nothing has ended"
            )

    @rule(number=numbers, by=numbers)
    def somebody_is_away(self, number: int, by: int) -> None:
        away, covering = self.people[number % PEOPLE], self.people[by % PEOPLE]
        Cover.objects.filter(clinician=away).delete()
        if away != covering:
            cover(away, covering, begins=-MINUTE)

    @rule(number=numbers, active=st.booleans())
    def somebody_leaves_or_comes_back(self, number: int, active: bool) -> None:
        Clinician.objects.filter(pk=self.people[number % PEOPLE].pk).update(active=active)

    @invariant()
    def the_loop_is_sound(self) -> None:
        assert list(of_loop(self.read())) == []


@pytest.mark.timeout(300)
@pytest.mark.django_db
@pytest.mark.parametrize("examples", [8, pytest.param(40, marks=pytest.mark.proof)])
def test_whatever_happens_the_loop_is_sound(examples: int) -> None:
    run_state_machine_as_test(
        Loops,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            phases=(Phase.generate,),
            derandomize=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
