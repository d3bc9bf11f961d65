"""Channel tests by staff: over one channel only, and not counted in the statistics."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts import actions, attention, channel_tests, statistics
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, outcomes, queries
from alerts.models import Alert, Delivery
from alerts.monitoring import metrics
from alerts.sending.send import settle
from alerts.states import AlertState, DeliveryState, Reason, StaffAction
from alerts.statistics import Period
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

REJECTED = ChannelError(Fault.REJECTED, Reason.OPTED_OUT, "OptedOut")


def send(clinician: Clinician, channel: Channel = Channel.CALL) -> Alert:
    return channel_tests.send_test(clinician=clinician, channel=channel, by="ward.editor")


def claim(alert: Alert) -> claims.Claim:
    claimed = claims.claim(Delivery.objects.get(alert=alert).pk)
    assert claimed is not None
    return claimed


def result(alert: Alert) -> channel_tests.Result:
    found = channel_tests.result(alert.clinician, alert.pk)
    assert found is not None
    return found


def test_it_is_an_alert_with_one_delivery_over_the_channel_that_was_asked_for(clinician: Clinician) -> None:
    alert = send(clinician, Channel.EMAIL)

    (made,) = alert.deliveries.all()
    assert (made.channel, made.address, made.state) == ("email", clinician.email, "pending")
    assert (alert.type, alert.priority, alert.is_test) == ("bleep_test", Priority.HIGH, True)
    assert list(Alert.objects.tests()) == [alert]
    assert not Alert.objects.without_tests().exists()


def test_it_says_who_sent_it(clinician: Clinician) -> None:
    assert "a test by ward.editor" in send(clinician).description


def test_it_belongs_to_no_hospital_system(clinician: Clinician) -> None:
    test = send(clinician)

    assert (test.is_test, test.client) == (True, None)
    assert not ApiClient.objects.exists()


def test_a_channel_that_is_in_no_preference_can_be_tried() -> None:
    clinician = make_clinician("C-9", {})

    assert send(clinician, Channel.SMS).deliveries.get().channel == "sms"


def test_a_test_that_fails_goes_on_to_no_other_channel(clinician: Clinician) -> None:
    claimed = claim(send(clinician, Channel.CALL))
    assert queries.steps_left(claimed.delivery) == []

    settle(claimed, REJECTED)

    assert list(Delivery.objects.values_list("channel", "state")) == [("call", "failed")]


@pytest.mark.django_db(transaction=True)
def test_a_test_that_fails_is_not_counted_and_alerts_no_operator(
    clinician: Clinician, caplog: pytest.LogCaptureFixture
) -> None:
    alert = send(clinician)
    settle(claim(alert), REJECTED)

    assert Alert.objects.with_status().get(pk=alert.pk).status == "failed"
    assert metrics.unreviewed_failures() == 0
    assert metrics.messages_by_state() == {}
    assert attention.unreached().failed == 0
    assert statistics.alert_counts(Period.DAY) == []
    assert not any("alert.failed" in str(record.msg) for record in caplog.records)


def test_a_test_that_was_sent_is_not_counted(clinician: Clinician) -> None:
    lifecycle.mark_sent(claim(send(clinician, Channel.SMS)), SendResult("m-1"))

    assert statistics.latencies(Period.DAY) == []
    assert statistics.alert_counts(Period.DAY) == []


def test_the_result_says_why_a_test_failed(clinician: Clinician) -> None:
    alert = send(clinician, Channel.SMS)
    settle(claim(alert), REJECTED)

    shown = result(alert)

    assert (shown.state, shown.is_final, shown.went_well) == (DeliveryState.FAILED, True, False)
    assert shown.sentence == "Failed. This number has opted out of SMS. The clinician must opt in again."


def test_an_sms_test_succeeds_once_it_is_sent(clinician: Clinician) -> None:
    alert = send(clinician, Channel.SMS)
    assert not result(alert).is_final

    lifecycle.mark_sent(claim(alert), SendResult("m-1"))

    assert (result(alert).is_final, result(alert).went_well) == (True, True)


def test_a_call_test_ends_once_its_outcome_is_known(
    clinician: Clinician,
) -> None:
    alert = send(clinician, Channel.CALL)
    lifecycle.mark_sent(claim(alert), SendResult("c-1"))
    assert not result(alert).is_final

    outcomes.mark_delivered(alert.deliveries.get().pk)

    assert (result(alert).is_final, result(alert).state) == (True, DeliveryState.DELIVERED)


def test_the_result_gives_the_reason_while_a_test_is_retried(clinician: Clinician) -> None:
    alert = send(clinician, Channel.SMS)
    settle(claim(alert), ChannelError(Fault.UNSENT, Reason.UNREACHABLE))

    shown = result(alert)

    assert not shown.is_final
    assert shown.sentence == (
        "Not sent yet; it will be tried again. "
        "The provider could not be reached. Check the network and AWS's status page."
    )


def test_another_clinicians_test_has_no_result_here(clinician: Clinician) -> None:
    alert = send(clinician)

    assert channel_tests.result(make_clinician("C-2", {}), alert.pk) is None


def test_an_alert_that_is_not_a_test_has_no_result(clinician: Clinician, lab: ApiClient) -> None:
    alert = send(clinician)
    Alert.objects.update(client=lab, is_test=False)

    assert channel_tests.result(clinician, alert.pk) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"active": False}, "This person is not active"),
        ({"call_number": ""}, "Telephone call has no address"),
    ],
)
def test_no_test_is_sent_to_somebody_unreachable(fields: dict[str, object], sentence: str) -> None:
    clinician = make_clinician("C-9", {}, **fields)

    with pytest.raises(channel_tests.NotSent, match=sentence):
        send(clinician)

    assert not Alert.objects.exists()


def test_there_is_one_at_a_time_over_a_channel(clinician: Clinician) -> None:
    send(clinician, Channel.SMS)

    with pytest.raises(channel_tests.NotSent, match="still on its way"):
        send(clinician, Channel.SMS)

    assert send(clinician, Channel.EMAIL).is_test


def test_the_tests_to_one_clinician_are_limited(clinician: Clinician) -> None:
    for _ in range(channel_tests.MAX_FOR_ONE):
        lifecycle.mark_sent(claim(send(clinician, Channel.SMS)), SendResult("m-1"))

    with pytest.raises(channel_tests.NotSent, match="6 tests in ten minutes"):
        send(clinician, Channel.SMS)

    assert send(make_clinician("C-2", {}), Channel.SMS).is_test


def test_the_limit_ends_after_ten_minutes(clinician: Clinician) -> None:
    for _ in range(channel_tests.MAX_FOR_ONE):
        lifecycle.mark_sent(claim(send(clinician, Channel.SMS)), SendResult("m-1"))
    Alert.objects.update(created_at=Now() - channel_tests.WITHIN)

    assert send(clinician, Channel.SMS).is_test


def test_a_hospitals_alerts_do_not_count(clinician: Clinician, lab: ApiClient) -> None:
    send(clinician, Channel.SMS)
    Alert.objects.update(client=lab, is_test=False, state=AlertState.OPEN)

    assert send(clinician, Channel.SMS).is_test


def test_the_result_takes_four_queries_at_most(clinician: Clinician) -> None:
    alert = send(clinician, Channel.SMS)
    settle(claim(alert), ChannelError(Fault.UNSENT, Reason.UNREACHABLE))

    with CaptureQueriesContext(connection) as captured:
        channel_tests.result(clinician, alert.pk)

    assert len(captured) <= 4


def test_a_test_is_not_sent_again_over_the_whole_route(clinician: Clinician) -> None:
    test = send(clinician, Channel.SMS)

    assert actions.why_not(StaffAction.RESEND, test, by=User(pk=1)) == actions.A_TEST


def test_the_newest_test_over_each_channel_is_found_again(clinician: Clinician) -> None:
    first = send(clinician, Channel.SMS)
    settle(claim(first), REJECTED)
    second, call = send(clinician, Channel.SMS), send(clinician, Channel.CALL)
    send(make_clinician("C-2", {}), Channel.EMAIL)

    with CaptureQueriesContext(connection) as queries:
        found = channel_tests.latest(clinician)

    assert {channel: shown.alert_id for channel, shown in found.items()} == {
        Channel.SMS: second.pk,
        Channel.CALL: call.pk,
    }
    assert found[Channel.SMS] == result(second)
    assert len(queries) == 3
