"""A simple model of alerts and deliveries: lists and dictionaries, one action at a time, no database."""

from collections.abc import Collection
from dataclasses import dataclass, field

from alerts.channels import Fault
from alerts.deliveries.retry import SCHEDULES, Decision, LeaveInDoubt, NextChannel, Retry
from alerts.states import NEEDS_REASON, UNFINISHED, AlertState, AttemptState as A, DeliveryState as D, Reason
from contacts.choices import Channel, Priority

AFTER: dict[Fault, A] = {
    Fault.THROTTLED: A.THROTTLED,
    Fault.UNSENT: A.UNSENT,
    Fault.REJECTED: A.REJECTED,
    Fault.UNKNOWN: A.UNKNOWN,
}
MAYBE_SENT = (A.UNKNOWN, A.SENT)
HOPEFUL = (D.PENDING, D.SENDING, D.SENT, D.DELIVERED)


@dataclass
class ModelAttempt:
    """One call to the provider."""

    state: A = A.CALLING
    late: bool = False
    provider_id: str = ""
    was_marked: bool = False
    """Whether its delivery was marked when it began."""
    lost: bool = False
    """Whether all that is known of it is that its worker died."""


@dataclass(eq=False)
class ModelDelivery:
    """One channel's turn. While it is being sent, its last attempt holds the lease."""

    channel: Channel
    round: int = 1
    state: D = D.PENDING
    due: bool = True
    expired: bool = False
    marked: bool = False
    provider_id: str = ""
    attempts: list[ModelAttempt] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        return self.state is D.PENDING and self.due

    @property
    def tries(self) -> int:
        return sum(each.state is not A.THROTTLED for each in self.attempts)

    def in_doubt(self, but: ModelAttempt | None = None) -> bool:
        """Whether an attempt may have arrived, not counting one of them."""
        return any(each.state in MAYBE_SENT for each in self.attempts if each is not but)

    def held_by(self, number: int) -> bool:
        return self.state is D.SENDING and len(self.attempts) == number


class ModelAlert:
    """One alert with its way: the channels, in order."""

    def __init__(self, priority: Priority, way: list[Channel]) -> None:
        self.priority = priority
        self.way = way
        self.state = AlertState.OPEN
        self.deliveries = [ModelDelivery(way[0])]

    def claim(self, delivery: ModelDelivery) -> int | None:
        """The number of the new attempt, or None."""
        if not delivery.is_due:
            return None
        delivery.state, delivery.expired = D.SENDING, False
        delivery.attempts.append(ModelAttempt(was_marked=delivery.marked))
        return len(delivery.attempts)

    def accept(self, delivery: ModelDelivery, number: int, provider_id: str) -> bool:
        """Whether the answer came in time."""
        held = delivery.held_by(number)
        attempt = delivery.attempts[number - 1]
        attempt.state, attempt.provider_id, attempt.lost = A.SENT, provider_id, False
        attempt.late = attempt.late or not held
        if held or delivery.state in (D.PENDING, D.UNKNOWN):
            delivery.state, delivery.provider_id = D.SENT, provider_id
            if not held and not attempt.was_marked and not delivery.in_doubt(but=attempt):
                delivery.marked = False  # the mark was for a second try, which does not take place
            self._repeat(delivery, marked=attempt.was_marked)
        return held

    def fail(self, delivery: ModelDelivery, number: int, fault: Fault, decision: Decision) -> bool:
        """Whether the answer came in time."""
        held = delivery.held_by(number)
        attempt = delivery.attempts[number - 1]
        attempt.state, attempt.late, attempt.lost = AFTER[fault], attempt.late or not held, False
        if held and self._was_accepted_meanwhile(delivery):
            self._repeat(delivery, marked=attempt.was_marked)
            return True
        if held or self._settles_a_doubt(delivery, number, fault, decision):
            self._carry_out(delivery, decision)
        return held

    def _settles_a_doubt(
        self, delivery: ModelDelivery, number: int, fault: Fault, decision: Decision
    ) -> bool:
        """Whether a late answer says for certain that nothing arrived, of a delivery that was left in doubt."""
        only_doubt = delivery.state is D.UNKNOWN and len(delivery.attempts) == number
        stopped = isinstance(decision, Retry) and (
            self._is_overtaken(delivery) or self.state is not AlertState.OPEN
        )
        certain = fault is not Fault.UNKNOWN and not isinstance(decision, LeaveInDoubt)
        return only_doubt and certain and not stopped and not delivery.in_doubt(delivery.attempts[number - 1])

    def recover(self) -> int:
        """How many had a lease that had run out."""
        dead = [each for each in self.deliveries if each.state is D.SENDING and each.expired]
        for delivery in dead:
            delivery.attempts[-1].state, delivery.attempts[-1].lost = A.UNKNOWN, True
            if self._was_accepted_meanwhile(delivery):
                self._repeat(delivery, marked=delivery.attempts[-1].was_marked)
            else:
                self._carry_out(delivery, self._after_a_death(delivery))
        return len(dead)

    def _was_accepted_meanwhile(self, delivery: ModelDelivery) -> bool:
        """Whether an earlier attempt's late acceptance holds, now that the last one has failed."""
        accepted = [each for each in delivery.attempts if each.state is A.SENT]
        if accepted:
            delivery.state, delivery.provider_id = D.SENT, accepted[-1].provider_id
        return bool(accepted)

    def _after_a_death(self, delivery: ModelDelivery) -> Decision:
        schedule = SCHEDULES[self.priority]
        high, call = self.priority is Priority.HIGH, delivery.channel is Channel.CALL
        spent = delivery.tries
        if not self._left(delivery):  # then only what may do harm is counted
            spent = sum(each.lost if call else each.state in MAYBE_SENT for each in delivery.attempts)
        if spent < schedule.tries and (high or call):
            return Retry(schedule.first, possible_duplicate=not call)
        if high:
            return NextChannel(Reason.TRIES_USED_UP, in_doubt=True)
        return LeaveInDoubt(Reason.WORKER_LOST)

    def _carry_out(self, delivery: ModelDelivery, decision: Decision) -> None:
        match decision:
            case Retry() if self.state is not AlertState.OPEN:
                self._stop(delivery)  # and not marked: it is not sent again
            case Retry():
                delivery.state, delivery.due = D.PENDING, not decision.wait
                delivery.marked = delivery.marked or decision.possible_duplicate
            case NextChannel():
                delivery.state = D.UNKNOWN if decision.in_doubt else D.FAILED
                self._open_next(delivery, in_doubt=decision.in_doubt)
            case LeaveInDoubt():
                delivery.state = D.UNKNOWN

    def _open_next(self, given_up: ModelDelivery, *, in_doubt: bool = False) -> None:
        self._open(given_up, self._left(given_up), marked=in_doubt or given_up.marked)

    def _repeat(self, sent: ModelDelivery, *, marked: bool) -> None:
        """An SMS or an e-mail was taken: what was missed before is tried again."""
        if sent.channel is not Channel.CALL and self.position_of(sent) > 1:
            self._open(sent, self._left(sent, gave_up=False), marked=marked)

    def _open(self, after: ModelDelivery, left: list[Channel], *, marked: bool) -> None:
        if left and self.state is AlertState.OPEN and not self._is_overtaken(after, by=UNFINISHED):
            is_repeat = left[0] in [each.channel for each in self._round_of(after)]  # it waits first
            self.deliveries.append(
                ModelDelivery(left[0], round=after.round, marked=marked, due=not is_repeat)
            )

    def _is_overtaken(self, delivery: ModelDelivery, by: Collection[D] = HOPEFUL) -> bool:
        """Whether another of its round is hopeful, or a newer round was started."""
        beside = [each.state for each in self._round_of(delivery) if each is not delivery]
        return any(state in by for state in beside) or self._newest_round() > delivery.round

    def _left(self, delivery: ModelDelivery, *, gave_up: bool = True) -> list[Channel]:
        """What is left of the way; once a message was taken, only what was missed before."""
        left, states = list(self.way), []
        missed = [delivery.channel] if gave_up else []
        for each in self._round_of(delivery):
            left.remove(each.channel)
            if not (gave_up and each is delivery):
                states.append(each.state)
                missed += [each.channel] if each.state in NEEDS_REASON else []
        if D.DELIVERED in states:
            return []
        return [each for each in left if each in missed] if D.SENT in states else left

    def _round_of(self, delivery: ModelDelivery) -> list[ModelDelivery]:
        return [each for each in self.deliveries if each.round == delivery.round]

    def position_of(self, delivery: ModelDelivery) -> int:
        """Its place in its round, from 1."""
        return self._round_of(delivery).index(delivery) + 1

    def _newest_round(self) -> int:
        return max(each.round for each in self.deliveries)

    def resend(self) -> bool:
        """Whether staff could start another round."""
        going_on = any(
            each.state in (D.PENDING, D.SENDING) or (each.state is D.SENT and each.channel is Channel.CALL)
            for each in self.deliveries
        )
        if self.state is not AlertState.OPEN or going_on:
            return False
        marked = any(
            each.marked or each.state in (D.SENT, D.DELIVERED, D.UNKNOWN) for each in self.deliveries
        )
        self.deliveries.append(ModelDelivery(self.way[0], round=self._newest_round() + 1, marked=marked))
        return True

    def skip_channel(self, delivery: ModelDelivery, *, even_the_last: bool) -> bool:
        """Whether there was another channel to go to, or even the last one was to be given up."""
        in_doubt = delivery.in_doubt()
        may_go_on = not in_doubt or self.priority is Priority.HIGH
        if not delivery.is_due or not (even_the_last or (may_go_on and self._left(delivery))):
            return False
        delivery.state = D.UNKNOWN if in_doubt else D.FAILED
        if may_go_on:
            self._open_next(delivery, in_doubt=in_doubt)
        return True

    def postpone(self, delivery: ModelDelivery) -> None:
        """Only what is due can be put off."""
        delivery.due = False if delivery.is_due else delivery.due

    def confirm(self, delivery: ModelDelivery) -> None:
        """The provider says: it arrived."""
        if delivery.state is D.SENT:
            delivery.state = D.DELIVERED

    def refute(self, delivery: ModelDelivery) -> None:
        """The provider says: it did not arrive."""
        if delivery.state is D.SENT:
            delivery.state = D.UNDELIVERED
            self._open_next(delivery)

    def stop(self, state: AlertState) -> int:
        """Staff cancel or close: how many deliveries were stopped."""
        if self.state is not AlertState.OPEN:
            return 0
        self.state = state
        waiting = [each for each in self.deliveries if each.state is D.PENDING]
        for delivery in waiting:
            self._stop(delivery)
        return len(waiting)

    def _stop(self, delivery: ModelDelivery) -> None:
        delivery.state = D.UNKNOWN if delivery.in_doubt() else D.CANCELLED
