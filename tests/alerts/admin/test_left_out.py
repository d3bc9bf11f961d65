"""Channels that were left out stand in the timeline, with why, as it was at that time."""

import pytest

from alerts.admin.timeline import events
from alerts.deliveries import outcomes
from alerts.models import Alert, Delivery
from alerts.states import Reason
from clients.models import ApiClient
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import store
from tests.alerts.factories import end, send
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_sms() -> Clinician:
    """Call, SMS, e-mail for High; but there is no number for SMS."""
    clinician = make_clinician("D-1", {Priority.HIGH: list(Channel)})
    Clinician.objects.filter(pk=clinician.pk).update(sms_number="")
    return clinician


def titles(alert: Alert) -> list[str]:
    return [
        each.title for each in events.of(Alert.objects.with_status().get(pk=alert.pk), shows_addresses=True)
    ]


def test_a_channel_without_an_address_is_said_to_be_left_out(lab: ApiClient, without_sms: Clinician) -> None:
    alert = store(lab, "alert-1", Priority.HIGH, contact_id="D-1")

    _received, left_out, call = events.of(alert, shows_addresses=True)

    assert (left_out.title, left_out.sentences) == ("SMS is left out", ("There is no number for SMS.",))
    assert left_out.at == alert.deliveries.get().created_at
    assert call.title.startswith("Telephone call to ")


def test_it_is_said_once_though_the_next_channel_leaves_it_out_too(
    lab: ApiClient, without_sms: Clinician
) -> None:
    alert = store(lab, "alert-1", Priority.HIGH, contact_id="D-1")
    call = send(Delivery.objects.get(alert=alert))

    outcomes.mark_undelivered(call.pk, Reason.NOT_ANSWERED)

    assert len(titles(alert)) == 4
    assert titles(alert).count("SMS is left out") == 1


def test_the_entry_does_not_change_with_the_clinician(lab: ApiClient, without_sms: Clinician) -> None:
    alert = store(lab, "alert-1", Priority.HIGH, contact_id="D-1")

    Clinician.objects.filter(pk=without_sms.pk).update(sms_number="+447700900555")

    assert "SMS is left out" in titles(alert)


def test_an_address_that_is_known_not_to_work_comes_last(lab: ApiClient, clinician: Clinician) -> None:
    number = clinician.address(Channel.CALL)
    obstacles.remember(clinician.pk, Channel.CALL, number, ObstacleKind.INVALID_ADDRESS)
    alert = store(lab, "alert-1", Priority.HIGH)
    obstacles.forget(clinician.pk, Channel.CALL, number)

    (last,) = [
        each for each in events.of(alert, shows_addresses=True) if each.title == "Telephone call comes last"
    ]

    assert last.sentences[0].startswith("This number was refused by the provider (known since ")


def test_a_channel_that_failed_for_this_alert_is_not_said_to_come_last(
    lab: ApiClient, clinician: Clinician
) -> None:
    alert = store(lab, "alert-1", Priority.HIGH)

    end(Delivery.objects.get(alert=alert), Reason.INVALID_ADDRESS)

    assert Delivery.objects.get(alert=alert, channel=Channel.SMS).skipped[0]["channel"] == Channel.CALL
    assert [each for each in titles(alert) if "comes last" in each] == []


def test_nothing_is_left_out_where_every_channel_has_its_address(
    lab: ApiClient, clinician: Clinician
) -> None:
    assert [each for each in titles(store(lab, "alert-1", Priority.HIGH)) if "left out" in each] == []
