"""Making, changing and ending covers, and what is said of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from contacts.models import Clinician
from oncall import covers
from oncall.models import Cover
from tests.oncall.factories import MINUTE, cover, make_colleague

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/oncall/cover/", "/admin/oncall/cover/add/"
HOUR = 60 * MINUTE


def read(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def page_of(clinician: Clinician) -> str:
    return f"/admin/contacts/clinician/{clinician.pk}/change/"


def times(begins: str, ends: str) -> dict[str, str]:
    """`2100-01-01 08:00`."""
    (day, clock), (last_day, last_clock) = begins.split(), ends.split()
    return {"begins_0": day, "begins_1": clock, "ends_0": last_day, "ends_1": last_clock}


def absence(
    clinician: Clinician, by: Clinician | None, begins: str, ends: str, **more: str
) -> dict[str, Any]:
    return {"clinician": clinician.pk, "by": by.pk if by else "", **times(begins, ends), **more}


def test_a_cover_is_made_in_the_hospitals_time(operator: Client, clinician: Clinician) -> None:
    colleague = make_colleague("C-2")

    answer = operator.post(
        ADD,
        absence(clinician, colleague, "2100-07-01 08:00", "2100-07-02 08:00", reason="Leave"),
        follow=True,
    )

    made = Cover.objects.get()
    assert made.period.lower == datetime(2100, 7, 1, 7, tzinfo=UTC), "BST"
    assert made.made_by
    assert made.made_by.username == "operator"
    assert answer.redirect_chain[-1][0] == page_of(clinician)
    page = read(answer)
    assert "Planned: Thu 1 Jul 2100, 08:00 to Fri 2 Jul 2100, 08:00; Clinician C-2 (C-2) covers" in page
    assert "Covers for Clinician C-1 (C-1), Thu 1 Jul 2100" in read(operator.get(page_of(colleague)))


def test_a_day_may_be_as_the_calendar_writes_it(operator: Client, clinician: Clinician) -> None:
    operator.post(ADD, absence(clinician, None, "02/07/2100 08:00", "03/07/2100 08:00"))

    assert Cover.objects.get().period.lower == datetime(2100, 7, 2, 7, tzinfo=UTC)


def test_the_night_in_which_the_clocks_go_back_is_an_hour_longer(
    operator: Client, clinician: Clinician
) -> None:
    operator.post(ADD, absence(clinician, None, "2099-10-24 20:00", "2099-10-25 08:00"))

    period = Cover.objects.get().period
    assert period.upper - period.lower == timedelta(hours=13)
    page = read(operator.get(page_of(clinician)))
    assert "Sat 24 Oct 2099, 20:00 to Sun 25 Oct 2099, 08:00" in page


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        ("2099-10-25 01:30", "The clocks go back that night, so 01:30 comes twice."),
        ("2099-03-29 01:30", "The clocks go forward that night, so there is no 01:30."),
    ],
)
def test_a_time_that_comes_twice_or_never_is_refused_in_a_sentence(
    operator: Client, clinician: Clinician, ends: str, sentence: str
) -> None:
    begins = ends.replace("25 01:30", "24 20:00").replace("29 01:30", "28 20:00")

    assert sentence in read(operator.post(ADD, absence(clinician, None, begins, ends)))
    assert not Cover.objects.exists()


def test_an_end_in_the_hour_that_comes_twice_is_shown_with_its_zone(
    operator: Client, clinician: Clinician
) -> None:
    end = datetime(2099, 10, 25, 1, 30, tzinfo=UTC)  # 01:30 GMT, and an hour earlier it was 01:30 BST
    Cover.objects.create(clinician=clinician, period=(end - 5 * HOUR, end))

    assert "to Sun 25 Oct 2099, 01:30 GMT" in read(operator.get(page_of(clinician)))


@pytest.mark.parametrize(
    ("begins", "ends", "sentence"),
    [
        ("2100-01-02 08:00", "2100-01-02 08:00", "A cover ends after it begins."),
        ("2020-01-01 08:00", "2020-01-02 08:00", "This is in the past"),
    ],
)
def test_times_that_cannot_be_are_refused(
    operator: Client, clinician: Clinician, begins: str, ends: str, sentence: str
) -> None:
    assert sentence in read(operator.post(ADD, absence(clinician, None, begins, ends)))


def test_a_second_cover_at_the_same_time_is_refused_in_a_sentence(
    operator: Client, clinician: Clinician
) -> None:
    operator.post(ADD, absence(clinician, None, "2100-01-01 08:00", "2100-01-03 08:00"))

    page = read(operator.post(ADD, absence(clinician, None, "2100-01-02 08:00", "2100-01-04 08:00")))

    assert (
        "Clinician C-1 (C-1) is away already from Fri 1 Jan 2100, 08:00 to Sun 3 Jan 2100, 08:00, and nobody covers."
        in page
    )
    operator.post(ADD, absence(clinician, None, "2100-01-03 08:00", "2100-01-04 08:00"))
    assert Cover.objects.count() == 2, "one begins where the other ends"


def test_a_colleague_who_was_quicker_is_named_and_no_error_is_shown(
    operator: Client, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = absence(clinician, None, "2100-01-01 08:00", "2100-01-03 08:00")
    look = covers.overlapping
    answers = [None]

    def too_early(*args: Any, **kwargs: Any) -> Cover | None:
        """The first look comes before the colleague has saved, who is done when this one saves."""
        return answers.pop() if answers else look(*args, **kwargs)

    operator.post(ADD, first)
    monkeypatch.setattr(covers, "overlapping", too_early)

    assert "is away already from" in read(operator.post(ADD, first))
    assert Cover.objects.count() == 1


def test_nobody_covers_for_themselves(operator: Client, clinician: Clinician) -> None:
    page = read(operator.post(ADD, absence(clinician, clinician, "2100-01-01 08:00", "2100-01-03 08:00")))

    assert "Nobody covers for themselves." in page


def test_a_circle_is_warned_of_when_it_is_made(operator: Client, clinician: Clinician) -> None:
    colleague = make_colleague("C-2")
    operator.post(ADD, absence(colleague, clinician, "2100-01-02 08:00", "2100-01-05 08:00"))

    answer = operator.post(
        ADD, absence(clinician, colleague, "2100-01-01 08:00", "2100-01-03 08:00"), follow=True
    )

    assert (
        "Nobody is asked from Sat 2 Jan 2100, 08:00 to Sun 3 Jan 2100, 08:00: Clinician C-2 (C-2) is away as well, "
        "and Clinician C-1 (C-1) covers for them: each is to cover for the other." in read(answer)
    )


def test_a_cover_by_somebody_who_is_away_or_inactive_is_warned_of(
    operator: Client, clinician: Clinician
) -> None:
    away, inactive = make_colleague("C-2"), make_colleague("C-3", active=False)
    operator.post(ADD, absence(away, None, "2100-01-02 08:00", "2100-01-05 08:00"))

    first = absence(clinician, away, "2100-01-01 08:00", "2100-01-03 08:00")
    assert "Clinician C-2 (C-2) is away as well, and nobody covers for them" in read(
        operator.post(ADD, first, follow=True)
    )
    second = absence(clinician, inactive, "2100-02-01 08:00", "2100-02-03 08:00")
    assert "Clinician C-3 (C-3) is not active, so nobody is asked." in read(
        operator.post(ADD, second, follow=True)
    )


def test_a_cover_is_changed_and_keeps_its_person(operator: Client, clinician: Clinician) -> None:
    made, colleague = cover(clinician, None), make_colleague("C-2")
    form = absence(colleague, colleague, "2100-01-01 08:00", "2100-01-03 08:00")

    operator.post(f"{LIST}{made.pk}/change/", form)

    made.refresh_from_db()
    assert (made.clinician, made.by) == (clinician, colleague)
    assert made.period.upper.year == 2100


def test_a_cover_that_holds_ends_now(operator: Client, clinician: Clinician) -> None:
    made = cover(clinician, make_colleague("C-2"))

    answer = operator.post(f"{LIST}{made.pk}/end/", follow=True)

    assert "Clinician C-1 (C-1) is back" in read(answer)
    made.refresh_from_db()
    assert made.period.upper <= timezone.now() + MINUTE
    assert covers.now_asked(clinician).clinician == clinician
    assert "It is over already" in read(operator.post(f"{LIST}{made.pk}/end/", follow=True))


def test_a_planned_cover_is_called_off_and_stays_in_the_history(
    operator: Client, clinician: Clinician
) -> None:
    made = cover(clinician, None, begins=HOUR)

    assert "is no longer away then" in read(operator.post(f"{LIST}{made.pk}/end/", follow=True))

    assert not Cover.objects.exists()
    assert Cover.history.filter(history_type="-").count() == 1


def test_the_list_shows_what_is_not_over_unless_asked(operator: Client, clinician: Clinician) -> None:
    cover(clinician, None, begins=-3 * HOUR)
    cover(make_colleague("C-2"), None)
    cover(make_colleague("C-3"), None, begins=HOUR)

    def shown(query: str = "") -> set[str]:
        rows = operator.get(f"{LIST}{query}").context["cl"].result_list
        return {row.clinician.contact_id for row in rows}

    assert shown() == {"C-2", "C-3"}
    assert shown("?time=now") == {"C-2"}
    assert shown("?time=planned") == {"C-3"}
    assert shown("?time=over") == {"C-1"}
    assert shown("?time=all") == {"C-1", "C-2", "C-3"}


def test_the_database_has_the_last_word(clinician: Clinician) -> None:
    cover(clinician, None)
    with pytest.raises(IntegrityError):
        cover(clinician, None)
