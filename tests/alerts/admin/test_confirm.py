"""Staff actions on alerts: confirmed first, done once, recorded, and only with the permission."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from alerts import actions
from alerts.admin.handling import carry_out
from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle
from alerts.models import Alert, AlertAction, Delivery
from alerts.states import AlertState, DeliveryState, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, action_url, page_of, read, store
from tests.alerts.factories import handle
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

TOLD = {"outcome": "by_telephone", "told": "The registrar"}
CONFIRMED = (StaffAction.RESEND, StaffAction.CANCEL, StaffAction.CLOSE)
"""The actions that the list offers, each with a page that asks first."""


def test_sending_again_is_asked_first_and_done_once(operator: Client, failed: Alert) -> None:
    asked = read(operator, action_url(StaffAction.RESEND, failed))
    assert "1 message would be sent, to 1 person." in asked
    assert re.search(rf'<a [^>]*href="{page_of(failed)}"[^>]*>\s*Go back\s*</a>', asked)
    assert f'name="seen" value="{failed.pk}:0"' in asked
    assert Delivery.objects.count() == 1
    assert not AlertAction.objects.exists()

    form = {"confirmed": "yes", "seen": f"{failed.pk}:0", "note": "Address corrected"}
    operator.post(action_url(StaffAction.RESEND, failed), form)
    last: Any = operator.post(action_url(StaffAction.RESEND, failed), form, follow=True)  # a double click

    assert Delivery.objects.count() == 2
    page = html.unescape(last.content.decode())
    assert "Sent again by Olive Oakes" in page
    assert "“Address corrected”" in page
    assert "In the meantime it was sent again by Olive Oakes" in page


def test_the_confirmation_page_names_the_latest_staff_action(
    operator: Client, failed: Alert, lab: ApiClient
) -> None:
    for number in range(2):
        assert "Sent again by" not in read(
            operator, action_url(StaffAction.RESEND, store(lab, f"other-{number}"))
        )
    handle(StaffAction.RESEND, failed.pk, by=User.objects.get(), after=0)

    assert "Sent again by Olive Oakes, " in read(operator, action_url(StaffAction.CANCEL, failed))


def test_the_page_says_why_an_action_is_not_possible(operator: Client, failed: Alert) -> None:
    Clinician.objects.update(active=False)

    page = read(operator, action_url(StaffAction.RESEND, failed))

    assert "The clinician is marked as inactive." in page
    assert "confirmed" not in page


@pytest.mark.parametrize(
    ("action", "state"), [(StaffAction.CANCEL, "cancelled"), (StaffAction.CLOSE, "closed")]
)
def test_it_is_cancelled_or_dealt_with(
    operator: Client, lab: ApiClient, clinician: Clinician, action: StaffAction, state: str
) -> None:
    alert = store(lab, "waiting-1")

    operator.post(action_url(action, alert), {**TOLD, "confirmed": "yes", "seen": f"{alert.pk}:0"})

    assert Alert.objects.get().state == state
    assert AlertAction.objects.get().action == action


@pytest.mark.parametrize("action", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_staff_are_warned_that_an_alert_being_sent_may_still_arrive(
    operator: Client, lab: ApiClient, clinician: Clinician, action: StaffAction
) -> None:
    alerts = [store(lab, f"m-{number}") for number in range(3)]
    claims.claim(Delivery.objects.get(alert=alerts[0]).pk)
    assert "Those that are being sent at this moment may still arrive." in read(
        operator, action_url(action, alerts[0])
    )

    def messages_after(*chosen: Alert) -> str:
        form = {**TOLD, "confirmed": "yes", "seen": [f"{alert.pk}:0" for alert in chosen]}
        done: Any = operator.post(action_url(action, chosen[0]), form, follow=True)
        return html.unescape(done.content.decode())

    still_sent, stopped = messages_after(alerts[0], alerts[1]), messages_after(alerts[2])

    assert "Messages that were being sent at that moment may still arrive (1 of them)." in still_sent
    assert "may still arrive" not in stopped
    assert "will not be sent" not in still_sent + stopped


@pytest.mark.parametrize("action", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_an_old_page_does_not_stop_an_alert_that_was_sent_again(
    operator: Client, failed: Alert, action: StaffAction
) -> None:
    handle(StaffAction.RESEND, failed.pk, by=User.objects.get(), after=0)

    form = {**TOLD, "confirmed": "yes", "seen": f"{failed.pk}:0"}
    done: Any = operator.post(action_url(action, failed), form, follow=True)

    assert "In the meantime it was sent again by Olive Oakes" in html.unescape(done.content.decode())
    assert Delivery.objects.get(round=2).state == DeliveryState.PENDING


def test_the_confirmation_of_many_counts_messages_and_people(
    operator: Client, failed: Alert, lab: ApiClient
) -> None:
    make_clinician("D-9", {Priority.LOW: [Channel.EMAIL]}, name="Somebody Else")
    chosen = [
        failed,
        store(lab, "on its way"),
        *[store(lab, f"d-{number}", contact_id="D-9") for number in range(2)],
    ]
    for alert in chosen[2:]:
        claim = claims.claim(Delivery.objects.get(alert=alert).pk)
        assert claim is not None
        lifecycle.mark_sent(claim, SendResult(f"provider-{alert.pk}"))
    form = {"action": "resend_selected", "_selected_action": [str(alert.pk) for alert in chosen]}

    asked: Any = operator.post(ALERTS, {**form, "index": "0"})
    text = html.unescape(asked.content.decode())
    assert "3 messages would be sent, to 2 people." in text
    assert str(actions.ON_ITS_WAY) in text
    assert Delivery.objects.count() == 4

    seen = [f"{alert.pk}:0" for alert in chosen if alert.message_id != "on its way"]
    done: Any = operator.post(ALERTS, {**form, "confirmed": "yes", "seen": seen}, follow=True)
    assert "3 alerts will be sent again." in html.unescape(done.content.decode())
    assert Delivery.objects.count() == 7
    assert AlertAction.objects.count() == 3


def test_too_many_at_once_are_refused(
    operator: Client, failed: Alert, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_out, "MAX_AT_ONCE", 1)
    chosen = [failed, store(lab, "m-2")]
    form = {"action": "close_selected", "_selected_action": [str(alert.pk) for alert in chosen]}

    said: Any = operator.post(ALERTS, {**form, "index": "0"}, follow=True)

    assert "Nothing was done" in html.unescape(said.content.decode())
    assert not Alert.objects.filter(state=AlertState.CLOSED).exists()


@pytest.mark.parametrize("action", CONFIRMED)
def test_without_the_permission_it_is_neither_shown_nor_done(
    operator: Client, failed: Alert, action: StaffAction
) -> None:
    Permission.objects.get(codename=f"{action.value}_alert").group_set.clear()

    assert action_url(action, failed) not in read(operator, page_of(failed))
    assert (
        operator.post(
            action_url(action, failed), {**TOLD, "confirmed": "yes", "seen": f"{failed.pk}:0"}
        ).status_code
        == 403
    )
    assert f'value="{action.value}_selected"' not in read(operator, ALERTS)
    operator.post(
        ALERTS,
        {
            "action": f"{action.value}_selected",
            "_selected_action": str(failed.pk),
            "confirmed": "yes",
            "seen": f"{failed.pk}:0",
            **TOLD,
        },
    )
    assert not AlertAction.objects.exists()


def test_those_who_may_only_look_are_offered_nothing(
    operator: Client, auditor: Client, failed: Alert
) -> None:
    listed, page = read(auditor, ALERTS), read(auditor, page_of(failed))

    assert str(failed) in listed
    assert "What happened" in page
    for action in StaffAction:
        assert action_url(action, failed) not in page
    assert 'name="_selected_action"' not in listed
    assert 'name="_selected_action"' in read(operator, ALERTS)


@pytest.mark.parametrize("seen", ["", "x:y", "1", "0:0", "999999:1", "1:2:3"])
def test_a_form_that_was_tampered_with_does_nothing(operator: Client, failed: Alert, seen: str) -> None:
    answer = operator.post(action_url(StaffAction.CLOSE, failed), {**TOLD, "confirmed": "yes", "seen": seen})

    assert answer.status_code == 302
    assert not AlertAction.objects.exists()


@pytest.mark.parametrize("key", ["0", "9" * 30, "abc"])
def test_an_alert_that_is_not_there_is_not_found(operator: Client, failed: Alert, key: str) -> None:
    for action in StaffAction:
        assert operator.post(f"{ALERTS}{key}/{action.value}/").status_code == 404
