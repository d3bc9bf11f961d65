"""Any order of claims, answers, deaths, late answers, outcomes and staff, against a model of what should come of it.

Several claims of one delivery are alive at once, as with workers that were paused beyond their lease. A claim that is
forgotten is a worker that died. The database is real; what runs at the same instant is in `test_concurrency`.
"""

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from alerts import actions, intake
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, outcomes, stopping
from alerts.deliveries.claims import Claim
from alerts.deliveries.retry import SCHEDULES, Decision, LeaveInDoubt, NextChannel, Retry
from alerts.models import Delivery
from alerts.sending import send as sending
from alerts.states import DELIVERY_TRANSITIONS, AlertState, DeliveryState, Reason, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import MAX_TIMES
from tests.alerts.factories import handle
from tests.factories import an_alert, make_clinician
from tests.faults import consistency
from tests.faults.model import ModelAlert, ModelDelivery

NOT_NOW = timedelta(hours=1)
REASONS: dict[Fault, Reason] = {
    Fault.THROTTLED: Reason.THROTTLED,
    Fault.UNSENT: Reason.UNREACHABLE,
    Fault.REJECTED: Reason.REFUSED,
    Fault.UNKNOWN: Reason.ANSWER_LOST,
}


REPEATING = [
    [Channel.CALL, Channel.SMS, Channel.CALL],
    [Channel.SMS, Channel.SMS],
    [Channel.EMAIL, Channel.SMS, Channel.EMAIL, Channel.SMS],
]
"""Ways that name a channel again."""


def is_a_route(way: list[Channel]) -> bool:
    """Whether no channel is named more often than may be."""
    return max(map(way.count, way)) <= MAX_TIMES


class Held:
    """A claim in a worker's hands: the product's, and where it stands in the model."""

    def __init__(self, claimed: Claim, delivery: ModelDelivery, number: int) -> None:
        self.claimed = claimed
        self.delivery = delivery
        self.number = number


class Ledger(RuleBasedStateMachine):
    """One alert's life; each rule does one thing to the product and to the model."""

    claims: Bundle[Held] = Bundle("claims")
    numbers = st.integers(min_value=0, max_value=5)

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.ids = itertools.count(1)
        self.heard: dict[uuid.UUID, set[str]] = {}
        """Every provider id that was given, of each delivery."""
        self.arrived: dict[uuid.UUID, int] = {}
        """How often each delivery's message reached a provider that does not recognise repeats."""
        self.before: dict[uuid.UUID, DeliveryState] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(
        target=claims,
        priority=st.sampled_from(Priority),
        way=st.one_of(
            st.permutations(list(Channel)),
            st.sampled_from(REPEATING),
            st.lists(st.sampled_from(Channel), min_size=1, max_size=4).filter(is_a_route),
        ),
    )
    def an_alert_is_taken_and_claimed(self, priority: Priority, way: list[Channel]) -> Any:
        """Claimed at once, since most of what can go wrong begins with a claim."""
        contact_id = uuid.uuid4().hex
        make_clinician(contact_id, {priority: way})
        client = ApiClient.objects.create(name=contact_id)
        body = an_alert(message_id=uuid.uuid4().hex, contact_id=contact_id, priority=priority)
        self.alert = intake.accept(client=client, new=intake.NewAlert(**body)).alert
        self.model = ModelAlert(priority, way)
        self.operator = User.objects.create_user(contact_id)
        return self.a_worker_claims()

    def newest(self) -> tuple[Delivery, ModelDelivery]:
        """The delivery that may still be on its way."""
        return self.pick(len(self.model.deliveries) - 1)

    def pick(self, number: int) -> tuple[Delivery, ModelDelivery]:
        """One of the deliveries there are: the product's and the model's."""
        modelled = self.model.deliveries[number % len(self.model.deliveries)]
        position = self.model.position_of(modelled)
        found = Delivery.objects.get(alert=self.alert, round=modelled.round, position=position)
        return found, modelled

    @rule(target=claims)
    def a_worker_claims(self) -> Any:
        delivery, modelled = self.newest()
        claimed = claims.claim(delivery.pk)
        expected = self.model.claim(modelled)
        assert (claimed.attempt.number if claimed else None) == expected
        return Held(claimed, modelled, claimed.attempt.number) if claimed else multiple()

    @rule(held=consumes(claims), again=st.booleans())
    def the_provider_accepts(self, held: Held, again: bool) -> None:
        provider_id = f"provider-{next(self.ids)}"
        self.send(held)
        self.heard.setdefault(held.claimed.delivery.pk, set()).add(provider_id)
        in_time = lifecycle.mark_sent(held.claimed, SendResult(provider_id))
        assert in_time == self.model.accept(held.delivery, held.number, provider_id)
        if again:  # the commit's own answer was lost, so it is recorded once more
            lifecycle.mark_sent(held.claimed, SendResult(provider_id))
            self.model.accept(held.delivery, held.number, provider_id)

    @rule(
        held=consumes(claims),
        fault=st.sampled_from(Fault),
        kind=st.sampled_from(["at once", "later", "next", "in doubt"]),
        sent=st.booleans(),
        again=st.booleans(),
    )
    def the_attempt_fails(self, held: Held, fault: Fault, kind: str, sent: bool, again: bool) -> None:
        lost = fault is Fault.UNKNOWN
        if lost and sent:
            self.send(held)
        decision = self.decided(held, kind, fault)
        error = ChannelError(fault, REASONS[fault], "Code")
        in_time = lifecycle.mark_failed(held.claimed, error, decision)
        assert in_time == self.model.fail(held.delivery, held.number, fault, decision)
        if again:
            lifecycle.mark_failed(held.claimed, error, decision)
            self.model.fail(held.delivery, held.number, fault, decision)

    def decided(self, held: Held, kind: str, fault: Fault) -> Decision:
        """A decision of a kind, with the marks that the ambiguity rule asks for."""
        attempt = held.delivery.attempts[held.number - 1]
        in_doubt = fault is Fault.UNKNOWN or held.delivery.in_doubt(but=attempt)
        match kind:
            case "next" if not in_doubt or self.model.priority is Priority.HIGH:
                return NextChannel(REASONS[fault], in_doubt=in_doubt)
            case "at once" | "later":
                again = fault is Fault.UNKNOWN and held.delivery.channel is not Channel.CALL
                return Retry(timedelta(0) if kind == "at once" else NOT_NOW, possible_duplicate=again)
            case _:
                return LeaveInDoubt(REASONS[fault])

    @rule(held=consumes(claims), sent=st.booleans())
    def the_worker_dies(self, held: Held, sent: bool) -> None:
        if sent:
            self.send(held)

    def send(self, held: Held) -> None:
        """The request leaves and the provider takes it."""
        pk = held.claimed.delivery.pk
        self.arrived[pk] = self.arrived.get(pk, 0) + 1

    @rule()
    def a_lease_runs_out(self) -> None:
        delivery, modelled = self.newest()
        sent = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING)
        if sent.update(lease_expires_at=Now() - timedelta(seconds=1)):
            modelled.expired = True

    @rule()
    def a_relay_recovers(self) -> None:
        assert sending.recover_expired() == self.model.recover()

    @rule()
    def its_time_comes(self) -> None:
        delivery, modelled = self.newest()
        Delivery.objects.filter(pk=delivery.pk).update(available_at=Now())
        modelled.due = True

    @rule(target=claims)
    def a_worker_claims_and_is_paused_for_long(self) -> Any:
        """Four of the other rules in a row: by chance they would seldom be."""
        held = self.a_worker_claims()
        for happens in (self.a_lease_runs_out, self.a_relay_recovers, self.its_time_comes):
            self.the_ledger_is_sound_and_as_the_model_says()
            happens()
        return held

    @rule(target=claims, taken=st.booleans())
    def the_next_channel_is_claimed(self, taken: bool) -> Any:
        """After one that the provider refused, or took: by chance a route would seldom be gone to its end."""
        held = self.a_worker_claims()
        if isinstance(held, Held) and taken:
            self.the_provider_accepts(held, again=False)
        elif isinstance(held, Held):
            self.the_attempt_fails(held, Fault.REJECTED, "next", sent=False, again=False)
        self.the_ledger_is_sound_and_as_the_model_says()
        follows = self.a_worker_claims()
        if isinstance(follows, Held):
            return follows
        self.its_time_comes()
        return self.a_worker_claims()

    @rule(
        what=st.sampled_from(
            ["put off", "passed over", "given up", "confirmed", "refuted", "resent", "cancelled", "closed"]
        ),
        number=numbers,
    )
    def something_else_happens(self, what: str, number: int) -> None:
        """One rule, so that what ends an alert is no more frequent than what moves it on."""
        delivery, modelled = self.pick(number)
        match what:
            case "put off":
                claims.postpone(delivery.pk, NOT_NOW)
                self.model.postpone(modelled)
            case "passed over" | "given up":
                last = what == "given up"
                passed = lifecycle.skip_channel(delivery.pk, Reason.PROVIDER_DOWN, even_the_last=last)
                assert passed == self.model.skip_channel(modelled, even_the_last=last)
            case "confirmed":
                outcomes.mark_delivered(delivery.pk)
                self.model.confirm(modelled)
            case "refuted":
                outcomes.mark_undelivered(delivery.pk, Reason.NOT_ANSWERED)
                self.model.refute(modelled)
            case "cancelled":
                assert stopping.end(self.alert, AlertState.CANCELLED) == self.model.stop(AlertState.CANCELLED)
            case "closed":
                assert stopping.end(self.alert, AlertState.CLOSED) == self.model.stop(AlertState.CLOSED)
            case "resent":
                self.staff_send_again()

    @rule()
    def staff_send_again(self) -> None:
        try:
            handle(StaffAction.RESEND, self.alert.pk, by=self.operator)
        except actions.ActionRefused:
            assert not self.model.resend()
        else:
            assert self.model.resend()

    @invariant()
    def the_ledger_is_sound_and_as_the_model_says(self) -> None:
        alert = consistency.read().get(
            pk=self.alert.pk
        )  # once for all that follows: reading is what takes the time
        deliveries = list(alert.deliveries.all())
        assert list(consistency.of_alert(alert)) == []
        assert alert.state == self.model.state
        assert [seen(each) for each in deliveries] == [expected(each) for each in self.model.deliveries]
        self.check_that_states_changed_along_the_table(deliveries)
        self.check_that_no_answer_was_lost(deliveries)
        self.check_that_what_arrived_twice_is_marked(deliveries)

    def check_that_states_changed_along_the_table(self, deliveries: list[Delivery]) -> None:
        now = {each.pk: DeliveryState(each.state) for each in deliveries}
        assert self.before.keys() <= now.keys()
        for pk, before in self.before.items():
            assert now[pk] == before or now[pk] in DELIVERY_TRANSITIONS[before], f"{before} → {now[pk]}"
        self.before = now

    def check_that_no_answer_was_lost(self, deliveries: list[Delivery]) -> None:
        for each in deliveries:
            kept = {attempt.provider_id for attempt in each.attempts.all()}
            assert self.heard.get(each.pk, set()) <= kept

    def check_that_what_arrived_twice_is_marked(self, deliveries: list[Delivery]) -> None:
        for each in deliveries:
            recognised = each.channel == Channel.CALL  # by ClientToken
            assert self.arrived.get(each.pk, 0) < 2 or each.possible_duplicate or recognised


def seen(delivery: Delivery) -> tuple[object, ...]:
    """A delivery, as stored."""
    attempts = [(each.state, each.late, each.provider_id) for each in delivery.attempts.all()]
    what = (delivery.round, delivery.channel, delivery.state)
    return *what, delivery.possible_duplicate, delivery.provider_id, attempts


def expected(delivery: ModelDelivery) -> tuple[object, ...]:
    """A delivery, by the model."""
    attempts = [(each.state, each.late, each.provider_id) for each in delivery.attempts]
    what = (delivery.round, delivery.channel, delivery.state)
    return *what, delivery.marked, delivery.provider_id, attempts


@pytest.mark.timeout(300)  # half a minute, and more on a machine that does much else
@pytest.mark.django_db
@pytest.mark.parametrize("examples", [10, pytest.param(50, marks=pytest.mark.proof)])
def test_the_ledger_does_what_the_model_does(monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    for priority, schedule in SCHEDULES.items():  # so that the last try is reached within an example
        monkeypatch.setitem(SCHEDULES, priority, replace(schedule, tries=2))
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            # Shrinking a failure takes minutes: turn it on while debugging only.
            phases=(Phase.generate,),
            derandomize=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
