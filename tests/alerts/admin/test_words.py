"""What pages say about an alert: only what is known, when it became known, in words and not by colour alone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from alerts import labels
from alerts.admin import status
from alerts.admin.timeline import events, standing
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import lifecycle, outcomes
from alerts.deliveries.retry import LeaveInDoubt, Retry
from alerts.models import Alert, Attempt, Delivery
from alerts.states import AlertStatus, DeliveryState, Reason
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from staff.home import alert_rows
from tests.alerts.admin.pages import ALERTS, page_of, read, store
from tests.alerts.conftest import Store
from tests.alerts.factories import claim, current, end, send
from theme.badges import Badge

pytestmark = pytest.mark.django_db

RECEIVED = datetime(2026, 3, 4, 20, 31, 24, tzinfo=UTC)


def picked_up(lab: ApiClient, *, message_id: str = "called-1") -> Alert:
    """An alert whose call was picked up eleven seconds after it was received, and taken after one."""
    alert = store(lab, message_id, Priority.HIGH)
    delivery = send(Delivery.objects.get(alert=alert))
    outcomes.mark_delivered(delivery.pk)
    after = {seconds: RECEIVED + timedelta(seconds=seconds) for seconds in (0.2, 0.5, 1, 11)}
    Alert.objects.filter(pk=alert.pk).update(created_at=RECEIVED)
    Attempt.objects.update(started_at=after[0.5], finished_at=after[1])
    Delivery.objects.update(created_at=after[0.2], finished_at=after[1], outcome_at=after[11])
    return Alert.objects.with_status().get(pk=alert.pk)


def test_a_call_that_was_picked_up_is_not_said_to_have_reached_anybody(
    staff: Client, lab: ApiClient, clinician: Clinician
) -> None:
    page = read(staff, page_of(picked_up(lab)))

    assert ">Picked up</span>" in page
    assert "by a person or by a voicemail" in page
    assert "Nobody has confirmed that they heard it." in page
    for claimed in ("Reached", "reached the", "arrived", "Delivered"):
        assert claimed not in page


@pytest.mark.parametrize(
    "badges",
    [
        [status.STATUS[each] for each in AlertStatus if each is not AlertStatus.ACKNOWLEDGED]
        + [status.DOUBT[AlertStatus.FAILED]],
        [status.delivery_badge(Delivery(state=each)) for each in DeliveryState],
    ],
    ids=["alerts", "deliveries"],
)
def test_states_differ_in_their_words_and_their_icons(badges: list[Badge]) -> None:
    assert len({each.text for each in badges}) == len(badges)
    assert len({each.icon for each in badges}) == len(badges)


def test_sent_picked_up_may_have_arrived_and_failed_have_their_own_colours() -> None:
    shown = (AlertStatus.QUEUED, AlertStatus.SENT, AlertStatus.DELIVERED, AlertStatus.FAILED)
    tones = [status.STATUS[each].tone for each in shown] + [status.DOUBT[AlertStatus.FAILED].tone]

    assert len(set(tones)) == 5


def test_the_time_beside_a_state_is_when_that_became_known(lab: ApiClient, clinician: Clinician) -> None:
    received, call = events.of(picked_up(lab), shows_addresses=True)

    assert (received.when, received.after) == ("4 Mar 2026, 20:31:24 GMT", "")
    assert call.badge is not None
    assert (call.badge.text, call.when, call.after) == ("Picked up", "4 Mar 2026, 20:31:35 GMT", "+11 s")
    assert call.facts[:2] == (("Queued", "20:31:24 +0.2 s"), ("Taken by the provider", "20:31:25 +1.0 s"))
    assert [each.when for each in call.tries] == ["20:31:24 +0.5 s"]


def test_a_try_on_the_next_day_has_its_date(lab: ApiClient, clinician: Clinician) -> None:
    alert = picked_up(lab)
    Attempt.objects.update(
        started_at=RECEIVED + timedelta(hours=4), finished_at=RECEIVED + timedelta(hours=5)
    )

    (_received, call) = events.of(alert, shows_addresses=True)

    assert [each.when for each in call.tries] == ["5 Mar, 00:31:24 +4 h"]


def test_each_state_has_its_own_time(store: Store) -> None:
    delivery = store(Priority.MEDIUM)
    assert events.known_at(delivery) == delivery.created_at

    claimed = claim(delivery)
    assert events.known_at(claimed.delivery) == claimed.attempt.started_at

    lifecycle.mark_sent(claimed, SendResult("m-1"))
    assert events.known_at(current(delivery)) == current(delivery).finished_at


def test_an_alert_that_may_have_arrived_is_not_called_failed(
    staff: Client, failed: Alert, store: Store
) -> None:
    doubtful = end(store(Priority.MEDIUM), Reason.ANSWER_LOST, LeaveInDoubt(Reason.ANSWER_LOST)).alert

    assert labels.IN_DOUBT in read(staff, page_of(doubtful))
    assert labels.IN_DOUBT not in read(staff, page_of(failed)).replace("Filters", "")
    for query, shown in (
        ({"status": "failed"}, [failed]),
        ({"status": "doubt"}, [doubtful]),
        ({"status": "attention"}, [failed, doubtful]),
    ):
        rows = read(staff, ALERTS, query)
        assert [each for each in (failed, doubtful) if f">{each.message_id}<" in rows] == shown


def test_a_delivery_being_sent_is_not_said_to_be_with_nobody(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    alert = Alert.objects.with_status().get()

    assert standing.summary(alert) == standing.BEING_SENT
    error = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
    lifecycle.mark_failed(claimed, error, Retry(timedelta(0)))
    assert standing.summary(Alert.objects.with_status().get()) == standing.TRIED_AGAIN


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InternalError", "The provider answered with an error, and may have sent it all the same."),
        ("ServiceUnavailable", "The provider answered with an error, and may have sent it all the same."),
        ("503", "The provider answered with an error, and may have sent it all the same."),
        ("ReadTimeoutError", "The request left and no answer came: it may have arrived."),
    ],
)
def test_an_error_that_came_is_not_said_to_be_no_answer(store: Store, code: str, said: str) -> None:
    error = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
    lifecycle.mark_failed(claim(store(Priority.MEDIUM)), error, LeaveInDoubt(Reason.ANSWER_LOST))

    told = events.of(Alert.objects.with_status().get(), shows_addresses=True)

    assert [each.sentences for event in told for each in event.tries] == [(said,)]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("503", "HTTP status 503 (Service Unavailable)"),
        ("599", "HTTP status 599"),
        ("Throttling", "Throttling"),
    ],
)
def test_a_bare_number_of_the_provider_is_named(store: Store, code: str, shown: str) -> None:
    error = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, code)
    lifecycle.mark_failed(claim(store(Priority.MEDIUM)), error, LeaveInDoubt(Reason.ANSWER_LOST))

    told = events.of(Alert.objects.with_status().get(), shows_addresses=True)

    assert [each.facts for event in told for each in event.tries] == [(("Provider's code", shown),)]


def test_nothing_says_that_an_answer_was_lost_which_tells_staff_neither_what_is_known_nor_what_to_do() -> (
    None
):
    said = [
        *(*labels.DELIVERY.values(), *labels.ATTEMPT.values(), *map(str, labels.REASON.values())),
        *(*labels.REASON_IN_BRIEF.values(), *standing.SUMMARY.values(), *standing.IN_DOUBT.values()),
        alert_rows.IN_DOUBT,
    ]

    assert [each for each in said if "lost" in each] == []


def test_nothing_says_that_nothing_has_to_be_done() -> None:
    said = [*standing.SUMMARY.values(), *standing.IN_DOUBT.values(), *standing.CANCELLED_TOO_LATE.values()]

    assert [each for each in said if "Nothing has to be done" in each or "on its way" in each] == []
