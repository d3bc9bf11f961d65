"""The digits in a message: one code for each person asked and address, and none used again too early."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from alerts.models import Alert, Engagement, ReplyCode
from alerts.responses import codes
from alerts.states import AlertState
from tests.alerts.escalation.factories import Ask, answer
from tests.round_trips import round_trips

pytestmark = pytest.mark.django_db

NUMBER = "+447700900102"


def engaged(alert: Alert) -> int:
    """The id of the first person asked."""
    return Engagement.objects.get(alert=alert, number=1).pk


def draw(monkeypatch: pytest.MonkeyPatch, *digits: str) -> None:
    """Let chance come out so."""
    drawn = iter(digits)
    monkeypatch.setattr(codes, "_digits", lambda: next(drawn))


def days_later(days: float) -> None:
    """As if each alert had ended so long ago."""
    codes.release_old()
    ReplyCode.objects.filter(ended_at__isnull=False).update(ended_at=Now() - timedelta(days=days))
    codes.release_old()


def test_a_code_is_four_digits_and_stays(ask: Ask) -> None:
    made = codes.make(engaged(ask()), NUMBER)
    assert len(made) == 4
    assert made.isdecimal()
    assert codes.make(ReplyCode.objects.get().engagement_id, NUMBER) == made
    assert ReplyCode.objects.count() == 1


def test_digits_that_the_number_has_are_not_given_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = engaged(ask()), engaged(ask())
    draw(monkeypatch, "4821", "4821", "0007")
    assert codes.make(first, NUMBER) == "4821"
    assert codes.make(second, NUMBER) == "0007"


def test_other_numbers_may_have_the_same_digits(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    engagement = engaged(ask())
    draw(monkeypatch, "4821", "4821")
    assert codes.make(engagement, NUMBER) == codes.make(engagement, "+447700900103") == "4821"


def test_there_is_no_code_if_no_digits_are_free(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    first, second = engaged(ask()), engaged(ask())
    draw(monkeypatch, *["4821"] * 100)
    codes.make(first, NUMBER)
    assert codes.make(second, NUMBER) == ""


def test_a_code_is_not_used_again_on_the_day_after_its_alert(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GoAlert #3154: a late reply accepted another alert."""
    old, new = ask(), ask()
    draw(monkeypatch, "4821", "4821", "1111", "4821")
    codes.make(engaged(old), NUMBER)
    Alert.objects.filter(pk=old.pk).update(state=AlertState.CLOSED)
    days_later(0.9)
    assert codes.make(engaged(new), NUMBER) == "1111"
    days_later(1.1)
    third = engaged(ask())
    assert codes.make(third, NUMBER) == "4821"


def test_a_code_of_an_alert_that_goes_on_is_kept(ask: Ask) -> None:
    alert = ask()
    codes.make(engaged(alert), NUMBER)
    days_later(100)
    assert ReplyCode.objects.get().released_at is None


def test_a_code_of_an_alert_that_was_handed_back_is_kept(ask: Ask) -> None:
    alert = ask()
    codes.make(engaged(alert), NUMBER)
    answer(alert, "C-1")
    codes.release_old()
    assert ReplyCode.objects.get().ended_at
    Alert.objects.filter(pk=alert.pk).update(state=AlertState.OPEN)
    days_later(2)
    assert (ReplyCode.objects.get().ended_at, ReplyCode.objects.get().released_at) == (None, None)


def test_who_is_sent_the_alert_again_gets_digits_that_are_theirs(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ask(), ask()
    draw(monkeypatch, "4821", "4821", "4821", "1111")
    codes.make(engaged(old), NUMBER)
    Alert.objects.filter(pk=old.pk).update(state=AlertState.CLOSED)
    days_later(2)
    codes.make(engaged(new), NUMBER)
    assert codes.make(engaged(old), NUMBER) == "1111"
    assert ReplyCode.objects.filter(released_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_the_same_code(ask: Ask) -> None:
    engagement = engaged(ask())
    made: list[str] = []
    together = threading.Barrier(4)

    def make() -> None:
        together.wait()
        try:
            made.append(codes.make(engagement, NUMBER))
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=20)
    assert len(made) == 4
    assert len(set(made)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_code_takes_one_statement(ask: Ask) -> None:
    first, second = engaged(ask()), engaged(ask())
    codes.make(first, NUMBER)
    with round_trips() as found:
        codes.make(second, NUMBER)
    assert found == ["prepared"]
