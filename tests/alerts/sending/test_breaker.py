"""When a provider is said to be down, and for how long."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.sending import breaker
from alerts.states import AttemptState, Reason
from contacts.choices import Channel, Priority
from tests.alerts.attempt_outcomes import (
    DIED,
    LOST,
    MISCONFIGURED,
    QUOTA,
    REJECTED,
    SENT,
    THROTTLED,
    UNREACHABLE,
    Record,
    let_pass,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def test_one_delivery_that_fails_again_and_again_says_nothing_of_the_others(record: Record) -> None:
    record(Channel.SMS, *[UNREACHABLE] * 9, of=1)
    assert not breaker.is_down(Channel.SMS)

    record(Channel.SMS, UNREACHABLE, of=1)
    assert breaker.is_down(Channel.SMS)


@pytest.mark.parametrize("outcome", [LOST, UNREACHABLE])
@pytest.mark.parametrize("channel", Channel)
def test_five_failures_of_the_provider_in_a_row_open_it(
    record: Record, channel: Channel, outcome: tuple[str, str]
) -> None:
    record(channel, *[outcome] * 4)
    assert not breaker.is_down(channel)

    record(channel, outcome)

    assert [each for each in Channel if breaker.is_down(each)] == [channel]


@pytest.mark.parametrize("outcome", [REJECTED, THROTTLED, MISCONFIGURED, QUOTA, DIED, SENT])
def test_other_failures_do_not_open_it(record: Record, outcome: tuple[str, str]) -> None:
    record(Channel.SMS, *[outcome] * 20)

    assert not breaker.is_down(Channel.SMS)


@pytest.mark.parametrize("outcome", [REJECTED, THROTTLED, SENT])
@pytest.mark.parametrize("place", range(5))
def test_any_answer_among_the_newest_five_shows_that_it_is_up(
    record: Record, outcome: tuple[str, str], place: int
) -> None:
    outcomes: list[tuple[str, str]] = [LOST] * 9
    outcomes[-1 - place] = outcome

    record(Channel.SMS, *outcomes)

    assert not breaker.is_down(Channel.SMS)


def test_an_answer_before_the_newest_five_does_not(record: Record) -> None:
    record(Channel.SMS, SENT, *[LOST] * 5)

    assert breaker.is_down(Channel.SMS)


@pytest.mark.parametrize("outcome", [DIED, (AttemptState.CALLING, "")])
def test_an_attempt_that_says_nothing_of_the_provider_changes_nothing(
    record: Record, outcome: tuple[str, str]
) -> None:
    record(Channel.SMS, *[UNREACHABLE] * 5, outcome)

    assert breaker.is_down(Channel.SMS)


def test_failures_of_long_ago_are_forgotten(record: Record) -> None:
    record(Channel.SMS, *[LOST] * 5)
    let_pass(breaker.WITHIN)

    assert not breaker.is_down(Channel.SMS)


def test_probing_often_enough_keeps_it_open() -> None:
    """Otherwise those that have another channel would all be tried now and then."""
    assert breaker.FAILURES * breaker.RARE_PROBE < breaker.WITHIN


def test_looking_costs_one_query(record: Record) -> None:
    record(Channel.SMS, *[LOST] * 5)

    with CaptureQueriesContext(connection) as captured:
        breaker.is_down(Channel.SMS)

    assert len(captured) == 1


def test_a_provider_that_was_up_is_not_asked_about_again_at_once(record: Record) -> None:
    record(Channel.SMS, SENT)
    assert not breaker.is_down(Channel.SMS)

    with CaptureQueriesContext(connection) as captured:
        assert not breaker.is_down(Channel.SMS)

    assert len(captured) == 0


def test_an_outage_that_other_processes_met_is_noticed_within_a_second(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not breaker.is_down(Channel.SMS)
    record(Channel.SMS, *[LOST] * 5)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + breaker.BELIEVED_SECONDS)

    assert breaker.is_down(Channel.SMS)


def test_a_provider_that_was_down_is_asked_about_each_time(record: Record) -> None:
    record(Channel.SMS, *[LOST] * 5)
    assert breaker.is_down(Channel.SMS)

    record(Channel.SMS, SENT)

    assert not breaker.is_down(Channel.SMS)


def test_probes_of_one_delivery_do_not_end_an_outage(record: Record) -> None:
    record(Channel.SMS, *[LOST] * 5, ago=60)
    record(Channel.SMS, *[LOST] * 6, of=1)

    assert breaker.is_down(Channel.SMS)


def test_delays_of_our_own_say_nothing_about_the_provider(record: Record) -> None:
    record(Channel.SMS, *[(AttemptState.UNSENT, Reason.OUT_OF_TIME)] * 9)

    assert not breaker.is_down(Channel.SMS)


def test_attempts_from_before_the_clock_was_set_back_do_not_keep_it_open(record: Record) -> None:
    record(Channel.SMS, *[LOST] * 5, ago=-600)
    assert not breaker.is_down(Channel.SMS)

    record(Channel.SMS, SENT)

    assert not breaker.is_down(Channel.SMS)
