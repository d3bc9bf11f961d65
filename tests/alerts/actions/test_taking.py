"""“I am on it”: one person at a time, who can hand it back, and from whom somebody else can take it over."""

import pytest
from django.contrib.auth.models import User

from alerts import actions
from alerts.models import Alert, AlertAction
from alerts.states import Reason, StaffAction
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import end, handle

pytestmark = pytest.mark.django_db

TAKE, HAND_BACK = StaffAction.TAKE, StaffAction.HAND_BACK


@pytest.fixture
def alert(store: Store) -> Alert:
    """One that failed."""
    return end(store(Priority.LOW), Reason.INVALID_ADDRESS).alert


def on_it() -> User | None:
    record = actions.holding(AlertAction.objects.all())
    return User.objects.get(pk=record.by_id) if record else None


def test_a_user_is_on_an_alert_from_taking_it_on_to_handing_it_back(alert: Alert, ada: User) -> None:
    assert on_it() is None
    handle(TAKE, alert.pk, by=ada, after=0)
    assert on_it() == ada

    handle(HAND_BACK, alert.pk, by=ada)

    assert on_it() is None
    assert [each.action for each in AlertAction.objects.all()] == [TAKE, HAND_BACK]


def test_the_second_of_two_who_take_it_on_is_told_of_the_first(alert: Alert, ada: User, olive: User) -> None:
    handle(TAKE, alert.pk, by=ada, after=0)

    with pytest.raises(actions.Overtaken) as overtaken:
        handle(TAKE, alert.pk, by=olive, after=0)

    assert overtaken.value.record.by == ada
    assert on_it() == ada


def test_who_sees_that_somebody_is_on_it_can_take_it_over(alert: Alert, ada: User, olive: User) -> None:
    handle(TAKE, alert.pk, by=ada, after=0)

    handle(TAKE, alert.pk, by=olive, after=AlertAction.objects.get().pk)

    assert on_it() == olive
    with pytest.raises(actions.ActionRefused, match="You are not on it"):
        handle(HAND_BACK, alert.pk, by=ada)


def test_taking_it_on_twice_counts_once(alert: Alert, ada: User) -> None:
    handle(TAKE, alert.pk, by=ada)

    with pytest.raises(actions.ActionRefused, match="You are on it already"):
        handle(TAKE, alert.pk, by=ada)

    assert AlertAction.objects.count() == 1


def test_an_alert_sent_again_stays_with_who_is_on_it(alert: Alert, ada: User) -> None:
    handle(TAKE, alert.pk, by=ada)
    handle(StaffAction.RESEND, alert.pk, by=ada)

    assert on_it() == ada


@pytest.mark.parametrize("end_by", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_nobody_is_on_an_alert_that_has_ended(store: Store, ada: User, end_by: StaffAction) -> None:
    alert = store(Priority.LOW).alert
    handle(TAKE, alert.pk, by=ada)

    handle(end_by, alert.pk, by=ada)

    assert on_it() is None


def test_an_undo_brings_back_who_was_on_it(alert: Alert, ada: User, olive: User) -> None:
    handle(TAKE, alert.pk, by=ada)
    handle(StaffAction.CLOSE, alert.pk, by=olive)

    handle(StaffAction.REOPEN, alert.pk, by=olive)

    assert on_it() == ada


def test_an_undo_brings_back_nobody_who_had_handed_it_back(alert: Alert, ada: User) -> None:
    handle(TAKE, alert.pk, by=ada)
    handle(HAND_BACK, alert.pk, by=ada)
    handle(StaffAction.CLOSE, alert.pk, by=ada)

    handle(StaffAction.REOPEN, alert.pk, by=ada)

    assert on_it() is None
