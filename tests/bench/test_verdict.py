"""The comparison of `make chaos` finds every way to break the promise."""

from dataclasses import replace
from typing import Any

import pytest

from bench.records import AlertRecord, AttemptRecord, DeliveryRecord, MessageRecord
from bench.verdict import Verdict, judge

PREFERENCES = {"B-1": {"H": ("sms", "email"), "M": ("sms",)}}
SENT = AttemptRecord(1, "sent", "", "p-1")
DELIVERY = DeliveryRecord("d-1", "sms", "sent", provider_id="p-1", attempt_count=1, attempts=(SENT,))
ALERT = AlertRecord("K-1", "M", "B-1", (DELIVERY,))
ARRIVED = MessageRecord("K-1", "sms", "p-1")


def verdict_on(alert: AlertRecord | None = ALERT, *received: MessageRecord) -> Verdict:
    """The verdict on one alert that was answered with a 2xx."""
    alerts = [alert] if alert else []
    return judge(answered=["K-1"], alerts=alerts, received=received, preferences=PREFERENCES)


def with_delivery(alert: AlertRecord = ALERT, **changes: Any) -> AlertRecord:
    """The alert with its delivery changed."""
    return replace(alert, deliveries=(replace(DELIVERY, **changes),))


def test_a_message_that_was_sent_once_is_all_well() -> None:
    verdict = verdict_on(ALERT, ARRIVED)

    assert (verdict.accepted, verdict.sent, verdict.broken) == (1, 1, [])


def test_a_failure_is_counted_under_its_reason() -> None:
    rejected = with_delivery(
        state="failed", reason="refused", provider_id="", attempts=(AttemptRecord(1, "rejected", "refused"),)
    )

    verdict = verdict_on(rejected)

    assert (verdict.failed, verdict.sent, verdict.broken) == ({"refused": 1}, 0, [])


def test_a_doubt_is_counted_under_its_reason_whether_it_arrived_or_not() -> None:
    doubtful = with_delivery(
        state="unknown",
        reason="answer_lost",
        provider_id="",
        attempts=(AttemptRecord(1, "unknown", "answer_lost"),),
    )

    for received in ([], [ARRIVED]):
        verdict = verdict_on(doubtful, *received)
        assert (verdict.in_doubt, verdict.broken) == ({"answer_lost": 1}, [])


@pytest.mark.parametrize(
    "alert",
    [
        None,
        replace(ALERT, deliveries=()),
        with_delivery(state="pending", provider_id="", attempt_count=0, attempts=()),
        with_delivery(state="sending", provider_id="", attempts=(AttemptRecord(1, "calling"),)),
    ],
    ids=["no alert", "no delivery", "pending", "sending"],
)
def test_an_alert_that_nothing_came_of_is_lost(alert: AlertRecord | None) -> None:
    assert len(verdict_on(alert).lost) == 1


def test_a_message_that_never_arrived_is_a_false_sent() -> None:
    assert verdict_on(ALERT).false_sent


def test_a_second_message_that_is_not_marked_is_found() -> None:
    again = replace(ARRIVED, provider_id="p-2")
    twice: dict[str, Any] = {
        "attempt_count": 2,
        "attempts": (AttemptRecord(1, "unknown", "answer_lost"), replace(SENT, number=2)),
    }

    marked = verdict_on(with_delivery(possible_duplicate=True, **twice), ARRIVED, again)
    unmarked = verdict_on(with_delivery(**twice), ARRIVED, again)

    assert (marked.duplicates_flagged, marked.broken) == (1, [])
    assert len(unmarked.duplicates_unflagged) == 1


def test_a_message_that_no_attempt_accounts_for_is_found() -> None:
    rejected = with_delivery(
        state="failed", reason="refused", provider_id="", attempts=(AttemptRecord(1, "rejected", "refused"),)
    )

    assert verdict_on(rejected, ARRIVED).violations
    assert verdict_on(ALERT, ARRIVED, replace(ARRIVED, channel="email", provider_id="p-2")).violations


def test_a_call_under_another_token_than_its_own_is_found() -> None:
    call = with_delivery(channel="call")
    rang = replace(ARRIVED, channel="call")
    preferences = {"B-1": {"M": ("call",)}}

    for token, found in (("d-1", 0), ("d-2", 1)):
        received = [replace(rang, client_token=token)]
        verdict = judge(answered=["K-1"], alerts=[call], received=received, preferences=preferences)
        assert len(verdict.violations) == found


def test_a_send_after_a_doubt_is_marked() -> None:
    lost = replace(
        DELIVERY, state="unknown", reason="answer_lost", attempts=(AttemptRecord(1, "unknown", "x"),)
    )
    sent = AttemptRecord(1, "sent", provider_id="p-2")
    email = DeliveryRecord("d-2", "email", "sent", provider_id="p-2", attempt_count=1, attempts=(sent,))
    received = replace(ARRIVED, channel="email", provider_id="p-2")

    for marked, found in ((True, 0), (False, 1)):
        following = replace(email, possible_duplicate=marked)
        alert = replace(ALERT, priority="H", deliveries=(lost, following))
        assert len(verdict_on(alert, received).violations) == found


def test_a_failure_that_arrived_is_found() -> None:
    failed = with_delivery(
        state="failed",
        reason="refused",
        provider_id="",
        attempts=(AttemptRecord(1, "unknown", "answer_lost"),),
    )

    assert verdict_on(failed, ARRIVED).violations


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "failed", "reason": "refused", "attempts": (AttemptRecord(1, "rejected", "refused"),)},
        {
            "state": "unknown",
            "reason": "answer_lost",
            "attempts": (AttemptRecord(1, "unknown", "answer_lost"),),
        },
        {"attempt_count": 3},
        {"attempts": (SENT, AttemptRecord(2, "calling")), "attempt_count": 2},
        {"channel": "email"},
    ],
    ids=["a channel was left", "High left in doubt", "attempts missing", "still calling", "not the route"],
)
def test_a_broken_rule_is_found(changes: dict[str, Any]) -> None:
    assert verdict_on(with_delivery(replace(ALERT, priority="H"), **changes)).violations


def test_a_channel_that_is_known_not_to_work_may_be_left_out_and_no_other() -> None:
    email = replace(DELIVERY, channel="email")
    high = replace(ALERT, priority="H")
    arrived = replace(ARRIVED, channel="email")

    assert verdict_on(replace(high, deliveries=(replace(email, skipped=("sms",)),)), arrived).broken == []
    assert len(verdict_on(replace(high, deliveries=(email,)), arrived).violations) == 1
