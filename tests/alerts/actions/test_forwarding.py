"""Sending an alert to somebody else: a new one, by their own route, once, and linked with the first."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from alerts import actions, wording
from alerts.models import Alert, AlertAction, Delivery
from alerts.states import Reason, StaffAction
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, asked
from tests.alerts.factories import end, handle
from tests.factories import make_clinician
from tests.oncall.factories import make_colleague

pytestmark = pytest.mark.django_db

KEY = uuid.UUID(int=1)


@pytest.fixture
def failed(store: Store) -> Alert:
    return end(store(Priority.LOW), Reason.INVALID_ADDRESS).alert


@pytest.fixture
def colleague(db: None) -> Clinician:
    return make_clinician("D-2", {Priority.LOW: [Channel.SMS]}, name="Dot Dale")


def test_a_new_alert_goes_to_somebody_else_by_their_own_route(
    failed: Alert, colleague: Clinician, ada: User
) -> None:
    new = actions.forward(failed.pk, to=colleague, key=KEY, by=ada, after=0, note="On call tonight")

    kept = ("type", "patient_id", "priority", "client_id")
    assert {field: getattr(new, field) for field in kept} == {field: getattr(failed, field) for field in kept}
    assert (new.clinician, new.contact_id) == (colleague, "D-2")
    assert new.message_id != failed.message_id
    assert new.description == f"{wording.SENT_ON}{failed.description}"
    delivery = Delivery.objects.get(alert=new)
    assert (delivery.channel, delivery.address) == (Channel.SMS, colleague.sms_number)
    record = AlertAction.objects.get()
    assert (record.alert, record.action, record.by) == (failed, StaffAction.FORWARD, ada)
    assert (record.sent_on_as, record.note) == (new, "On call tonight")


def test_the_text_names_nobody(failed: Alert, colleague: Clinician, ada: User) -> None:
    new = actions.forward(failed.pk, to=colleague, key=KEY, by=ada)

    assert failed.clinician.name not in new.description
    assert failed.contact_id not in new.description


def test_the_same_confirmation_twice_is_one_alert(failed: Alert, colleague: Clinician, ada: User) -> None:
    first = actions.forward(failed.pk, to=colleague, key=KEY, by=ada, after=0)
    second = actions.forward(failed.pk, to=colleague, key=KEY, by=ada, after=0)

    assert second == first
    assert (Alert.objects.count(), AlertAction.objects.count()) == (2, 1)


def test_the_second_of_two_who_send_it_on_is_told_of_the_first(
    failed: Alert, colleague: Clinician, ada: User, olive: User
) -> None:
    actions.forward(failed.pk, to=colleague, key=KEY, by=ada, after=0)

    with pytest.raises(actions.Overtaken) as overtaken:
        actions.forward(failed.pk, to=colleague, key=uuid.UUID(int=2), by=olive, after=0)

    assert overtaken.value.record.by == ada
    assert Alert.objects.count() == 2


def test_the_first_alert_stays_open_until_it_is_dealt_with(
    failed: Alert, colleague: Clinician, ada: User
) -> None:
    actions.forward(failed.pk, to=colleague, key=KEY, by=ada)

    assert Alert.objects.needing_attention().get() == failed


def test_the_new_alert_needs_attention_if_it_fails_too(
    failed: Alert, colleague: Clinician, ada: User
) -> None:
    new = actions.forward(failed.pk, to=colleague, key=KEY, by=ada)
    end(Delivery.objects.get(alert=new), Reason.OPTED_OUT)

    assert set(Alert.objects.needing_attention()) == {failed, new}


def test_a_forwarded_alert_can_be_forwarded_and_says_so_once(
    failed: Alert, colleague: Clinician, ada: User
) -> None:
    third = make_clinician("E-3", {Priority.LOW: [Channel.SMS]}, name="Eve Earl")
    new = actions.forward(failed.pk, to=colleague, key=KEY, by=ada)

    newest = actions.forward(new.pk, to=third, key=uuid.UUID(int=2), by=ada)

    assert newest.description == new.description


def test_the_longest_text_is_sent_on_whole(failed: Alert, colleague: Clinician, ada: User) -> None:
    Alert.objects.update(description="x" * 1000)

    assert actions.forward(failed.pk, to=colleague, key=KEY, by=ada).description.endswith("x" * 1000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: Clinician.objects.filter(contact_id="D-2").update(active=False), "marked as inactive"),
        (lambda: Clinician.objects.filter(contact_id="D-2").update(sms_number=""), "no address"),
        (lambda: Alert.objects.update(state="closed"), "marked as dealt with"),
        (lambda: Alert.objects.update(is_test=True, client=None), "a test of one channel"),
        (lambda: Alert.objects.update(clinician=Clinician.objects.get(contact_id="D-2")), "already"),
    ],
    ids=["inactive", "no address", "dealt with", "a test", "the same person"],
)
def test_an_alert_that_cannot_be_forwarded_is_refused_with_a_reason(
    failed: Alert, colleague: Clinician, ada: User, change: Callable[[], object], said: str
) -> None:
    change()

    with pytest.raises(actions.ActionRefused, match=said):
        actions.forward(failed.pk, to=colleague, key=KEY, by=ada)

    assert (Alert.objects.count(), AlertAction.objects.count()) == (1, 0)


def test_an_alert_on_its_way_can_be_sent_to_somebody_else_too(
    store: Store, colleague: Clinician, ada: User
) -> None:
    alert = store(Priority.LOW).alert
    handle(StaffAction.TAKE, alert.pk, by=ada)

    assert actions.forward(alert.pk, to=colleague, key=KEY, by=ada).clinician == colleague


def test_nobody_is_asked_while_somebody_has_the_alert(ask: Ask, ada: User) -> None:
    alert = ask()
    third = make_colleague("C-3")
    actions.ask(alert.pk, to=third, by=ada)
    answer(alert, "C-1")
    with pytest.raises(actions.ActionRefused, match=re.escape("Somebody has accepted it.")):
        actions.ask(alert.pk, to=make_colleague("C-4"), by=ada)
    assert asked(alert) == [("C-1", "accepted"), ("C-3", "withdrawn")]
