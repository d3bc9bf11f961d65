"""What needs the attention of staff: each is named once, in one query."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts import attention, labels
from alerts.deliveries.retry import LeaveInDoubt
from alerts.models import Alert, Delivery
from alerts.states import AlertState, Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import end, resend, send

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def found() -> tuple[int, int]:
    """How many failed, and how many may have arrived."""
    alerts = attention.unreached()
    return alerts.failed, alerts.in_doubt


def named() -> list[int]:
    """The keys of the alerts that are named, in order."""
    return [each.key for each in attention.unreached().first]


NOTHING = (0, 0)


def test_failed_and_unknown_alerts_are_told_apart(store: Store) -> None:
    failed = end(store(L), Reason.INVALID_ADDRESS)
    unknown = end(store(M), Reason.ANSWER_LOST, LeaveInDoubt(Reason.ANSWER_LOST))

    assert found() == (1, 1)
    assert named() == [unknown.alert_id, failed.alert_id]


def test_an_alert_whose_next_channel_is_tried_or_was_taken_needs_no_attention(store: Store) -> None:
    first = end(store(H), Reason.NOT_ANSWERED)
    assert found() == NOTHING

    send(first.alert.deliveries.exclude(pk=first.pk).get())

    assert found() == NOTHING


@pytest.mark.parametrize("state", [AlertState.CLOSED, AlertState.CANCELLED, AlertState.ACKNOWLEDGED])
def test_an_alert_that_was_dealt_with_needs_no_attention(store: Store, state: AlertState) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Alert.objects.update(state=state)

    assert found() == NOTHING


def test_a_resend_that_failed_needs_attention_although_a_provider_took_it_before(store: Store) -> None:
    delivery = send(store(L))
    by = User.objects.create_user("operator")
    end(resend(delivery.alert_id, by=by), Reason.INVALID_ADDRESS)

    assert Alert.objects.needing_attention().count() == 1
    assert found() == (1, 0)


def test_a_failed_alert_needs_attention_at_any_age_until_it_is_dealt_with(store: Store) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Alert.objects.update(created_at=Now() - timedelta(days=100))

    assert found()[0] == Alert.objects.needing_attention().count() == 1


def test_the_first_are_named_and_the_rest_are_counted(store: Store) -> None:
    ended = [end(store(L), Reason.INVALID_ADDRESS) for _ in range(attention.NAMED + 2)]

    alerts = attention.unreached()

    assert alerts.failed == len(ended)
    assert named() == [each.alert_id for each in ended][: attention.NAMED]


def test_high_comes_first_and_then_the_oldest(store: Store) -> None:
    ended = [end(store(priority), Reason.NOT_ANSWERED) for priority in (L, H, M, L, H)]
    for delivery in Delivery.objects.filter(state="pending"):  # the next channel of High
        end(delivery, Reason.OPTED_OUT)
    Alert.objects.filter(pk=ended[3].alert_id).update(created_at=Now() - timedelta(days=1))

    found = attention.unreached()

    order = [ended[number].alert_id for number in (1, 4, 2, 3, 0)]
    assert named() == order
    assert list(found.high) == order[:2]
    assert (found.failed, found.in_doubt) == (5, 0)


def test_finding_the_alerts_takes_one_query(store: Store) -> None:
    end(store(L), Reason.INVALID_ADDRESS)

    with CaptureQueriesContext(connection) as queries:
        attention.unreached()
    assert len(queries) == 1


def test_nothing_in_an_empty_ledger_needs_attention(db: None) -> None:
    assert found() == NOTHING


def test_every_reason_has_words_for_home() -> None:
    assert set(labels.REASON_IN_BRIEF) == set(Reason)
