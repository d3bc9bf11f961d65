"""Taking an alert on, dealing with it, undoing that and sending it to somebody else, on the pages of alerts."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, AlertAction
from alerts.states import AlertState, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from staff.roles import Role
from tests.alerts.admin.pages import ALERTS, action_url, page_of, read, store
from tests.factories import make_clinician
from tests.staff.users import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(db: None) -> Client:
    """The browser of another operator."""
    return browser_of(Role.OPERATORS, "ada", first_name="Ada", last_name="Ames")


def press(browser: Client, action: StaffAction, alert: Alert) -> str:
    """Press the button on the alert's page; the page that follows."""
    page = browser.get(page_of(alert)).content.decode()
    found = re.search(rf'action="{action_url(action, alert)}".*?name="seen" value="([^"]+)"', page, re.DOTALL)
    assert found, f"There is no button for {action}."
    return post(browser, action_url(action, alert), seen=found[1])


def post(browser: Client, address: str, **form: Any) -> str:
    answer: Any = browser.post(address, form, follow=True)
    return html.unescape(answer.content.decode())


def test_everybody_sees_who_is_on_it_and_can_take_it_over(
    operator: Client, colleague: Client, failed: Alert
) -> None:
    assert "You are on this alert." in press(operator, StaffAction.TAKE, failed)
    seen = read(colleague, page_of(failed))
    assert "Olive Oakes has been on it since" in seen
    assert "Take over from Olive Oakes" in seen

    after = press(colleague, StaffAction.TAKE, failed)

    assert "Ada Ames has been on it since" in after
    assert "Taken over from Olive Oakes by Ada Ames" in after
    assert "nobody is on it now" in press(colleague, StaffAction.HAND_BACK, failed)


def test_who_presses_second_is_told_who_was_first(operator: Client, colleague: Client, failed: Alert) -> None:
    press(operator, StaffAction.TAKE, failed)

    said = post(colleague, action_url(StaffAction.TAKE, failed), seen=f"{failed.pk}:0")

    assert "In the meantime it was taken on by Olive Oakes" in said
    assert AlertAction.objects.count() == 1


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [("/admin/", "/admin/"), ("https://evil.example/", None), ("//evil.example", None), ("", None)],
)
def test_after_the_click_it_goes_back_to_our_own_pages_only(
    operator: Client, failed: Alert, back: str, leads_to: str | None
) -> None:
    answer: Any = operator.post(
        action_url(StaffAction.TAKE, failed), {"seen": f"{failed.pk}:0", "back": back}
    )

    assert answer["Location"] == (leads_to or page_of(failed))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose how it was dealt with."),
        ({"outcome": "by_telephone"}, "Say who was told, or who took it."),
        ({"outcome": "in_person", "told": " "}, "Say who was told, or who took it."),
        ({"outcome": "magic", "told": "Ada"}, "Select a valid choice"),
    ],
)
def test_dealt_with_must_say_how_and_whom(
    operator: Client, failed: Alert, given: dict[str, str], said: str
) -> None:
    page = post(
        operator, action_url(StaffAction.CLOSE, failed), confirmed="yes", seen=f"{failed.pk}:0", **given
    )

    assert said in page
    assert Alert.objects.get().state == AlertState.OPEN


def test_the_timeline_says_how_it_was_dealt_with_and_one_click_undoes_it(
    operator: Client, failed: Alert
) -> None:
    given = {"outcome": "by_telephone", "told": "The registrar", "note": "Will go at once"}
    page = post(
        operator, action_url(StaffAction.CLOSE, failed), confirmed="yes", seen=f"{failed.pk}:0", **given
    )
    for words in (
        "Marked as dealt with by Olive Oakes",
        "Told by telephone: The registrar.",
        "Will go at once",
    ):
        assert words in page
    assert page.count(f'action="{action_url(StaffAction.REOPEN, failed)}"') == 2  # in the message, and below

    after = press(operator, StaffAction.REOPEN, failed)

    assert "“Dealt with” undone by Olive Oakes" in after
    assert Alert.objects.get().state == AlertState.OPEN


def test_many_are_dealt_with_and_the_message_undoes_that(
    operator: Client, failed: Alert, lab: ApiClient
) -> None:
    chosen = [failed, store(lab, "m-2"), store(lab, "m-3")]
    form = {
        "action": "close_selected",
        "_selected_action": [alert.pk for alert in chosen],
        "confirmed": "yes",
        "seen": [f"{alert.pk}:0" for alert in chosen],
        "outcome": "not_needed",
    }
    page = post(operator, f"{ALERTS}?priority__exact=L", **form)
    assert "3 alerts are marked as dealt with." in page
    (undo,) = re.findall(r'<form[^>]*class="alert-undo".*?</form>', page, re.DOTALL)
    address = re.search(r'action="([^"]+)"', undo)
    assert address

    fields = re.findall(r'name="(seen|back)" value="([^"]+)"', undo)
    after = post(
        operator,
        address[1],
        seen=[value for name, value in fields if name == "seen"],
        back=dict(fields)["back"],
    )

    assert "It was undone: 3 alerts are no longer marked as dealt with." in after
    assert set(Alert.objects.values_list("state", flat=True)) == {AlertState.OPEN}


def test_many_are_undone_in_the_list(operator: Client, failed: Alert, lab: ApiClient) -> None:
    chosen = [failed, store(lab, "m-2")]
    Alert.objects.filter(pk=failed.pk).update(state=AlertState.CLOSED)

    page = post(
        operator, ALERTS, action="reopen_selected", _selected_action=[each.pk for each in chosen], index=0
    )

    assert "this alert is no longer marked as dealt with" in page
    assert "m-2: It has not been marked as dealt with." in page


@pytest.fixture
def other(db: None) -> Clinician:
    return make_clinician("D-2", {Priority.LOW: [Channel.SMS]}, name="Dot Dale", sms_number="+447700900456")


def preview(browser: Client, alert: Alert, to: Clinician) -> tuple[str, dict[str, str]]:
    """The page that shows how somebody else would be reached, and the fields that it sends back."""
    page = post(
        browser, action_url(StaffAction.FORWARD, alert), clinician=to.pk, seen=f"{alert.pk}:0", note="On call"
    )
    fields = dict(re.findall(r'type="hidden" name="(seen|shown|key)" value="([^"]+)"', page))
    return page, {**fields, "clinician": str(to.pk), "note": "On call", "confirmed": "yes"}


def test_it_is_shown_how_somebody_else_would_be_reached_and_then_sent_once(
    operator: Client, failed: Alert, other: Clinician
) -> None:
    page, form = preview(operator, failed, other)
    assert "SMS to +44 7700 900456" in page
    assert "first meant for a colleague" in page
    assert Alert.objects.count() == 1

    sent = post(operator, action_url(StaffAction.FORWARD, failed), **form)
    again = post(operator, action_url(StaffAction.FORWARD, failed), **form)

    assert Alert.objects.count() == 2
    new = Alert.objects.exclude(pk=failed.pk).get()
    for page in (sent, again):
        assert "It is being sent to Dot Dale." in page
        assert "Sent on by Olive Oakes" in page
        assert "It was first meant for Clinician C-1 (C-1)." in page
        assert page_of(failed) in page
    first = read(operator, page_of(failed))
    assert "Sent to somebody else by Olive Oakes" in first
    assert "To Dot Dale (D-2)." in first
    assert page_of(new) in first


def test_it_is_not_sent_by_another_route_than_was_shown(
    operator: Client, failed: Alert, other: Clinician
) -> None:
    _page, form = preview(operator, failed, other)
    Clinician.objects.filter(pk=other.pk).update(sms_number="+447700900999")

    page = post(operator, action_url(StaffAction.FORWARD, failed), **form)

    assert "How they are reached has changed since you looked." in page
    assert "SMS to +44 7700 900999" in page
    assert Alert.objects.count() == 1


def test_who_cannot_be_reached_is_said_before_anything_is_sent(operator: Client, failed: Alert) -> None:
    nobody = make_clinician("N-1", {}, name="No Channel")

    page, form = preview(operator, failed, nobody)

    assert "They would not be reached." in page
    assert "key" not in form


def test_it_needs_the_permission_to_see_clinicians(operator: Client, failed: Alert) -> None:
    Group.objects.get(name="Operators").permissions.remove(Permission.objects.get(codename="view_clinician"))

    assert action_url(StaffAction.FORWARD, failed) not in read(operator, page_of(failed))
    assert operator.get(action_url(StaffAction.FORWARD, failed)).status_code == 403


def test_people_are_found_by_name_or_contact_id(operator: Client, failed: Alert, other: Clinician) -> None:
    query = {"app_label": "alerts", "model_name": "alert", "field_name": "clinician"}

    for term in ("dot", "D-2"):
        found = operator.get(reverse("admin:autocomplete"), {**query, "term": term}).json()["results"]
        assert [each["id"] for each in found] == [str(other.pk)]


def test_the_page_has_every_number_and_address_as_on_file_now(operator: Client, failed: Alert) -> None:
    Clinician.objects.update(
        call_number="+447700900111", sms_number="+447700900222", email="now@ward.example"
    )

    page = read(operator, page_of(failed))

    assert '<a href="tel:+447700900111">+44 7700 900111</a>' in page
    assert '<a href="tel:+447700900222">+44 7700 900222</a>' in page
    assert '<a href="mailto:now@ward.example">now@ward.example</a>' in page


def test_who_may_not_see_numbers_is_told_whom_to_ask(operator: Client, failed: Alert) -> None:
    Group.objects.get(name="Operators").permissions.remove(Permission.objects.get(codename="view_clinician"))

    page = read(operator, page_of(failed))

    assert "tel:" not in page
    assert "or somebody with the role Auditors or Preference editors or Ward managers." in page


def test_advice_is_for_who_reads_it(operator: Client, staff: Client, failed: Alert) -> None:
    ask = "Ask somebody with the role Preference editors to correct it on the clinician's page."
    assert ask in read(operator, page_of(failed))
    assert ask not in read(staff, page_of(failed))
    assert "Correct it on the clinician's page." in read(staff, page_of(failed))

    Clinician.objects.update(active=False)

    ask = "Ask somebody with the role Preference editors to mark them as active on their page"
    assert ask in read(operator, page_of(failed))
    assert ask in read(operator, action_url(StaffAction.RESEND, failed))


def test_who_may_only_look_is_told_who_looks_after_alerts(
    staff: Client, auditor: Client, failed: Alert
) -> None:
    words = "ask somebody with the role Operators to look after it."

    assert words in read(auditor, page_of(failed))
    assert words not in read(staff, page_of(failed))
