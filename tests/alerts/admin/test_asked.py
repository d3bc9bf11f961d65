"""The timeline of an alert that somebody is asked to take on, and what staff enter for them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from alerts.escalation import ending
from alerts.models import Alert, Delivery, Engagement, Response
from alerts.states import AlertState, DeliveryState, Reason, ResponseKind, StaffAction
from contacts.models import Clinician
from staff.roles import Role
from tests.alerts.admin.pages import action_url, page_of, read
from tests.alerts.escalation.factories import Ask, answer, asked, let_time_run_out, refuse_all, take
from tests.oncall.factories import cover, make_colleague
from tests.staff.users import browser_of

pytestmark = pytest.mark.django_db


def titles(page: str) -> list[str]:
    """What happened, in order."""
    return re.findall(r'<h3 class="text-important">(.*?)</h3>', page)


def answer_page(alert: Alert, contact_id: str, kind: ResponseKind) -> str:
    engagement = Engagement.objects.filter(alert=alert, clinician__contact_id=contact_id).latest("number")
    return f"{reverse('admin:alerts_alert_answer', args=[alert.pk])}?engagement={engagement.pk}&kind={kind.value}"


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that asks."""
    form = page[page.index('<form method="post">') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def press(browser: Client, address: str, **given: str) -> str:
    answered: Any = browser.post(address, {**fields(read(browser, address)), **given}, follow=True)
    return str(answered.content.decode())


def test_the_page_says_who_is_asked_until_when_and_who_is_next(operator: Client, ask: Ask) -> None:
    alert = ask()
    name = alert.clinician.name
    page = read(operator, page_of(alert))

    said = re.search(r'class="alert-who[^>]*>(.*?)</p>', page)
    assert said
    assert re.fullmatch(
        rf"Nobody has taken it on yet: {name} is asked until [\d:]+, then .* is asked\.", said[1]
    )
    assert "Nobody has it yet" in page
    assert f"{name} (C-1) asked to take it on" in titles(page)


def test_who_is_next_is_whom_the_engine_would_ask_now(
    operator: Client, ask: Ask, colleague: Clinician
) -> None:
    alert = ask()
    cover(colleague, make_colleague("C-3", name="Dot Dale"))
    assert "then Dot Dale, as cover, is asked." in read(operator, page_of(alert))

    Clinician.objects.filter(contact_id="C-3").update(active=False)
    assert "then nobody is left to ask" in read(operator, page_of(alert))
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined")], "as the page said"


def test_who_is_asked_now_and_again_by_a_later_step_is_next(operator: Client, ask: Ask) -> None:
    alert = ask(None, None)
    assert f"then {alert.clinician.name} is asked." in read(operator, page_of(alert))
    let_time_run_out(alert)
    assert asked(alert)[-1] == ("C-1", "asked")


def test_the_timeline_names_people_and_channels(operator: Client, ask: Ask, colleague: Clinician) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    Engagement.objects.filter(alert=alert).update(asked_at=Now() - timedelta(seconds=48))
    answer(alert, "C-2")
    page = read(operator, page_of(alert))
    first, second = alert.clinician.name, colleague.name

    timeline = titles(page)
    for each in (
        f"Telephone call to {first}, ",
        f"No answer from {first} in time",
        f"{second} (C-2) asked to take it on",
        f"{second} has taken it on",
        f"Notice to {first}: somebody else has it (SMS to ",
    ):
        assert any(title.startswith(each) for title in timeline), (each, timeline)
    told = next(place for place, title in enumerate(timeline) if title.startswith("Notice to"))
    assert timeline.index(f"{second} has taken it on") < told
    answer(alert, "C-2", ResponseKind.HAND_BACK)
    after = titles(read(operator, page_of(alert)))
    assert after[: told + 1] == timeline[: told + 1], "what was, stays in its order"
    assert "Staff stopped it" not in page, "nobody of the staff did anything"
    assert re.search(r">(48|49|5\d) s after they were asked\.<", page)
    assert "By a key pressed in a call." in page
    assert f"Accepted by {second}" in page
    assert f"{second} has taken it on, by a key pressed in a call" in page


def test_a_refusal_by_the_holder_is_a_hand_back(operator: Client, ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert f"{alert.clinician.name} has handed it back" in titles(read(operator, page_of(alert)))


def test_who_came_second_and_who_came_too_late_is_in_the_timeline(
    operator: Client, ask: Ask, colleague: Clinician
) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-1")
    answer(alert, "C-2")
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.WITHDRAWN, even_if_acknowledged=True)
    answer(alert, "C-2", ResponseKind.DECLINE)
    page = read(operator, page_of(alert))

    assert f"{colleague.name} accepted, but somebody else had it" in titles(page)
    assert f"{colleague.name} declined, but it had ended" in titles(page)
    assert "The hospital system has withdrawn it" in page


def test_exhausted_is_said_loudly_with_everybodys_numbers(
    operator: Client, ask: Ask, colleague: Clinician
) -> None:
    alert = ask()
    refuse_all(alert)
    let_time_run_out(alert)
    let_time_run_out(alert)
    page = read(operator, page_of(alert))

    assert "Nobody is left to ask" in titles(page)
    assert f"{alert.clinician.name} could not be reached" in titles(page)
    assert f"Reach {colleague.name} by hand:" in page
    assert 'data-waits="yes"' in page


def test_notices_say_nothing_about_how_the_alert_stands(operator: Client, ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    missed = {"state": DeliveryState.UNDELIVERED, "reason": Reason.NOT_ANSWERED, "outcome_due_at": None}
    Delivery.objects.update(**missed)
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    told = Delivery.objects.exclude(notice="").get()
    doubtful = {"state": DeliveryState.UNKNOWN, "reason": Reason.ANSWER_LOST, "finished_at": Now()}
    Delivery.objects.filter(pk=told.pk).update(**doubtful)
    with_notice = read(operator, page_of(alert))
    assert f"Notice to {alert.clinician.name}: it has ended" in with_notice
    told.delete()

    def summary(page: str) -> list[str]:
        return re.findall(
            r"<p[^>]*>(.*?)</p>", page[page.index("How it stands") : page.index("What happened")]
        )

    assert summary(read(operator, page_of(alert))) == summary(with_notice)


def test_staff_enter_an_answer_and_have_to_say_how_they_know(operator: Client, ask: Ask) -> None:
    alert = ask()
    address = answer_page(alert, "C-1", ResponseKind.ACCEPT)
    assert address.replace("&", "&amp;") in operator.get(page_of(alert)).content.decode()

    assert "Say how you know" in press(operator, address, note=" ")
    assert Response.objects.count() == 0
    page = press(operator, address, note="Said so on the telephone.")

    assert f"{alert.clinician.name} has it now." in page
    assert "Entered by Olive Oakes." in page
    assert "“Said so on the telephone.”" in page
    assert asked(alert) == [("C-1", "accepted")]


def test_an_acceptance_is_undone_by_handing_back(operator: Client, ask: Ask) -> None:
    alert = ask()
    press(operator, answer_page(alert, "C-1", ResponseKind.ACCEPT), note="Told me.")
    page = read(operator, page_of(alert))
    assert "Hand back…" in page
    assert "Has accepted…" not in page

    press(operator, answer_page(alert, "C-1", ResponseKind.HAND_BACK), note="Called back.")
    assert Alert.objects.get().state == AlertState.OPEN


def test_a_form_that_shows_an_old_state_changes_nothing(operator: Client, ask: Ask) -> None:
    alert = ask()
    address = answer_page(alert, "C-1", ResponseKind.ACCEPT)
    old = fields(read(operator, address))
    answer(alert, "C-1", ResponseKind.DECLINE)
    after: Any = operator.post(address, {**old, "note": "Told me."}, follow=True)

    assert "Somebody answered in the meantime." in after.content.decode()
    assert asked(alert)[0] == ("C-1", "declined")


def test_others_may_not_enter_answers(ask: Ask) -> None:
    alert = ask()
    auditor = browser_of(Role.AUDITORS, "ada")
    assert auditor.get(answer_page(alert, "C-1", ResponseKind.ACCEPT)).status_code == 403
    assert "Has accepted…" not in read(auditor, page_of(alert))
    assert "Who was asked" in read(auditor, page_of(alert))


@pytest.mark.parametrize(
    "query", ["", "?engagement=x&kind=accept", "?engagement=9999999999999999999&kind=accept"]
)
def test_an_address_that_names_nobody_asks_nothing(operator: Client, ask: Ask, query: str) -> None:
    address = reverse("admin:alerts_alert_answer", args=[ask().pk])
    assert "there is no answer to enter" in read(operator, f"{address}{query}")


def test_somebody_else_is_asked_within_the_alert(operator: Client, ask: Ask) -> None:
    alert, other = ask(), make_colleague("C-3", name="Dot Dale")
    address = action_url(StaffAction.FORWARD, alert)
    looked: Any = operator.post(address, {"clinician": other.pk, "note": ""})
    shown = looked.content.decode()
    assert "They have 2 min to answer." in shown
    form = shown[shown.index('<form method="post"') :]
    given = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    after: Any = operator.post(
        address,
        {**given, "clinician": other.pk, "note": "By word of the ward", "confirmed": "yes"},
        follow=True,
    )
    page = after.content.decode()

    assert "Dot Dale is asked to take it on, and has 2 min to answer." in page
    assert "Sent to somebody else by Olive Oakes" in page
    assert asked(alert) == [("C-1", "asked"), ("C-3", "asked")]
    assert Alert.objects.count() == 1


def test_the_page_that_cancels_says_that_those_who_were_asked_are_told(operator: Client, ask: Ask) -> None:
    alert = ask()
    assert "are told by a short message that it has ended" in read(
        operator, action_url(StaffAction.CANCEL, alert)
    )


def test_the_page_that_sends_again_names_who_gets_it(
    operator: Client, ask: Ask, colleague: Clinician
) -> None:
    alert = ask()
    refuse_all(alert)
    let_time_run_out(alert)
    Delivery.objects.filter(alert=alert, clinician=colleague).update(
        state="sent", provider_id="p", finished_at=Now()
    )
    assert f"for {colleague}" in read(operator, action_url(StaffAction.RESEND, alert))
