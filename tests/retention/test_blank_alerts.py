"""What senders and staff get of an alert whose text has expired."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts import actions
from alerts.models import Alert, Delivery
from alerts.states import AlertState, DeliveryState, Reason, ResponseKind, StaffAction
from retention import run
from tests.retention import old
from tests.sender import Sender

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _expired(alert: Alert) -> None:
    run.run()
    alert.refresh_from_db()


def test_a_repeat_is_known_and_another_alert_is_refused(alert: Alert, sender: Sender) -> None:
    repeated = sender.post(old.body(message_id=alert.message_id))
    other = sender.post(old.body(message_id=alert.message_id, description="Potassium 7.2"))

    assert (repeated.status_code, repeated["Idempotent-Replayed"]) == (200, "true")
    assert other.status_code == 409
    assert "7.1" not in other.content.decode()
    assert Delivery.objects.count() == 1


def test_a_sender_reads_the_marker(alert: Alert, sender: Sender) -> None:
    answer = sender.get(f"/notification/{alert.message_id}").json()

    assert (answer["type"], answer["status"]) == ("(expired)", "sent")
    assert (answer["deliveries"][0]["address"], answer["deliveries"][0]["parts"]) == ("(expired)", None)


def test_the_page_says_why_and_offers_no_second_sending(alert: Alert, operator: Client) -> None:
    page = operator.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()

    assert "Bleep keeps texts for 90 days after an alert has ended." in page
    assert 'class="alert-text">(expired)<' in page
    assert "But this number" not in page


def test_the_page_advises_nothing_that_cannot_be_done(alert: Alert, operator: Client) -> None:
    Alert.objects.update(state=AlertState.OPEN, has_loop=False)
    gone = "Its text has expired or was erased, so it cannot be sent again. If it may still matter, ask whoever runs"

    for state, reason in (
        (DeliveryState.SENT, ""),
        (DeliveryState.FAILED, Reason.TRIES_USED_UP),
        (DeliveryState.UNKNOWN, Reason.ANSWER_LOST),
    ):
        Delivery.objects.update(state=state, reason=reason)
        page = operator.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()
        assert gone in page, state
        assert "end it again" not in page, state


def test_nothing_is_sent_that_says_expired(alert: Alert, staff: User) -> None:
    actions.act(StaffAction.REOPEN, alert.pk, by=staff)
    engagement = alert.engagements.get()

    for action in (StaffAction.RESEND, StaffAction.FORWARD):
        assert "Its text is gone" in str(actions.why_not(action, actions_of(alert), by=staff))
    why = actions.why_not_answered(ResponseKind.HAND_BACK, actions_of(alert), engagement)
    assert "Its text is gone" in str(why)
    with pytest.raises(actions.ActionRefused, match="Its text is gone"):
        actions.act(StaffAction.RESEND, alert.pk, by=staff)


def actions_of(alert: Alert) -> Alert:
    return Alert.objects.get(pk=alert.pk)
