"""Alerts in the admin: staff see what was sent and what became of it, and what they do about it is recorded."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alerts import actions, intake, lifecycle
from alerts.admin import confirming, searches
from alerts.channels import ChannelError, Fault, Receipt
from alerts.models import Alert, AlertAction, Delivery
from alerts.policy import NextChannel
from alerts.states import AlertState, Deed, Reason
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.conftest import an_alert, make_clinician

pytestmark = pytest.mark.django_db

ALERTS = reverse("admin:alerts_alert_changelist")
SEARCH = reverse("admin:alerts_alert_search")


@pytest.fixture
def staff(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def operator(db: None) -> Client:
    """An operator's browser."""
    user = User.objects.create_user("operator", is_staff=True, first_name="Olive", last_name="Oakes")
    user.groups.add(Group.objects.get(name="Operators"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def failed(lab: ApiClient, clinician: Clinician) -> Alert:
    """A Low alert whose e-mail address was refused."""
    alert = store(lab, "failed-1")
    claim = lifecycle.claim(Delivery.objects.get(alert=alert).pk)
    assert claim is not None
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.fail(claim, error, NextChannel(Reason.INVALID_ADDRESS))
    return alert


def store(lab: ApiClient, message_id: str, priority: Priority = Priority.LOW, **changes: Any) -> Alert:
    """Take an alert."""
    body = an_alert(message_id=message_id, **changes)
    return intake.accept(client=lab, new=intake.NewAlert(**{**body, "priority": priority})).alert


def read(browser: Client, address: str, query: dict[str, str] | None = None, *, follow: bool = False) -> str:
    """A page's text."""
    answer: Any = browser.get(address, query, follow=follow)
    return html.unescape(answer.content.decode())


def door(deed: Deed, alert: Alert) -> str:
    return reverse(f"admin:alerts_alert_{deed.value}", args=[alert.pk])


def page_of(alert: Alert) -> str:
    return reverse("admin:alerts_alert_change", args=[alert.pk])


def test_the_list_shows_the_status_that_the_client_was_told(staff: Client, failed: Alert) -> None:
    page = read(staff, ALERTS)

    assert "failed-1" in page
    assert "Failed" in page


def test_the_list_says_what_has_been_dealt_with(staff: Client, failed: Alert) -> None:
    actions.close(failed.pk, by=User.objects.get())

    assert "Failed, dealt with" in read(staff, ALERTS)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"status": "failed"}, True),
        ({"status": "attention"}, True),
        ({"status": "sent"}, False),
        ({"status": "closed"}, False),
        ({"priority__exact": "L"}, True),
        ({"priority__exact": "H"}, False),
        ({"channel": "email"}, True),
        ({"channel": "sms"}, False),
    ],
)
def test_the_list_is_filtered(staff: Client, failed: Alert, query: dict[str, str], shown: bool) -> None:
    assert ("failed-1" in read(staff, ALERTS, query)) is shown


def test_what_is_dealt_with_needs_no_attention(staff: Client, failed: Alert) -> None:
    actions.close(failed.pk, by=User.objects.get())

    assert "failed-1" not in read(staff, ALERTS, {"status": "attention"})
    assert "failed-1" in read(staff, ALERTS, {"status": "closed"})
    assert "failed-1" in read(staff, ALERTS, {"status": "failed"})


@pytest.mark.parametrize(("days", "shown"), [(0, True), (1, False), (-1, False)])
def test_a_day_without_a_time_is_meant_as_a_whole(
    staff: Client, failed: Alert, days: int, shown: bool
) -> None:
    day = (timezone.localtime() + timedelta(days=days)).strftime("%Y-%m-%d")

    page = read(staff, ALERTS, {"created_at_from_0": day, "created_at_to_0": day})

    assert ("failed-1" in page) is shown


def test_the_list_is_filtered_by_client(staff: Client, failed: Alert, lab: ApiClient) -> None:
    other = ApiClient.objects.create(name="Imaging")

    assert "failed-1" not in read(staff, ALERTS, {"client__id__exact": str(other.pk)})
    assert "failed-1" in read(staff, ALERTS, {"client__id__exact": str(lab.pk)})


@pytest.mark.parametrize("term", ["failed-1", "123456789", "C-1", "Clinician"])
def test_an_alert_is_found(staff: Client, failed: Alert, lab: ApiClient, term: str) -> None:
    make_clinician("D-9", {Priority.LOW: [Channel.EMAIL]}, name="Somebody Else")
    store(lab, "another", contact_id="D-9", patient_id="987")

    page: Any = staff.post(SEARCH, {"q": term}, follow=True)

    assert "failed-1" in page.content.decode()
    assert "another" not in page.content.decode()
    assert term in page.content.decode()  # in the box, to be changed


def test_what_is_searched_for_is_in_no_address(staff: Client, failed: Alert) -> None:
    answer: Any = staff.post(SEARCH, {"q": "123456789", "status": "failed"}, follow=True)
    links = answer.content.decode().split("href=")

    assert [address for address, _status in answer.redirect_chain if "123456789" in address] == []
    assert "status=failed" in answer.redirect_chain[0][0]
    assert [link for link in links if "123456789" in link.split(">")[0]] == []


def test_a_search_is_known_in_its_own_session_alone(
    staff: Client, operator: Client, failed: Alert, lab: ApiClient
) -> None:
    address = staff.post(SEARCH, {"q": "nothing like it"})["Location"]
    assert "failed-1" not in read(staff, address)

    elsewhere = read(operator, address, follow=True)

    assert searches.FORGOTTEN in elsewhere
    assert "failed-1" in elsewhere


def test_an_empty_search_shows_all(staff: Client, failed: Alert) -> None:
    assert staff.post(SEARCH, {"q": " "})["Location"] == f"{ALERTS}?"


def test_the_oldest_searches_are_forgotten(staff: Client) -> None:
    addresses = [
        staff.post(SEARCH, {"q": f"term {number}"})["Location"] for number in range(searches.MOST + 1)
    ]

    assert staff.get(addresses[0]).status_code == 302
    assert {staff.get(address).status_code for address in addresses[1:]} == {200}


def test_the_rows_alone_leave_messages_for_a_whole_page(staff: Client, failed: Alert) -> None:
    staff.get(ALERTS, {"q": "forgotten"})  # which leaves a message

    rows: Any = staff.get(ALERTS, headers={"X-Bleep-Refresh": "1"})

    assert "failed-1" in rows.content.decode()
    assert "<html" not in rows.content.decode()
    assert searches.FORGOTTEN in read(staff, ALERTS)


def test_the_page_says_in_plain_words_what_went_wrong_and_what_to_do(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert Reason.INVALID_ADDRESS.label in page
    assert "InvalidParameter" in page
    assert "Accepted from Lab system" in page
    assert "Nobody is known to have been reached." in page


def test_addresses_are_for_those_who_may_see_clinicians(staff: Client, failed: Alert) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    reader = Client()
    reader.force_login(user)

    may, may_not = read(staff, page_of(failed)), read(reader, page_of(failed))

    assert "E-mail to clinician@ward.example" in may
    assert "E-mail to c***@ward.example" in may_not
    assert "clinician@ward.example" not in may_not
    assert reverse("admin:contacts_clinician_change", args=[failed.clinician_id]) not in may_not


def test_the_address_of_a_delivery_leads_to_its_place_on_the_page(staff: Client, failed: Alert) -> None:
    delivery = Delivery.objects.get()

    answer = staff.get(reverse("admin:alerts_delivery_change", args=[delivery.pk]))

    address, anchor = answer["Location"].split("#")
    assert f'id="{anchor}"' in read(staff, address)


def test_the_heading_has_the_alerts_own_name(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert ">failed-1<" in page
    assert "Failed-1" not in page


@pytest.mark.parametrize("view", ["add", "delete", "change"])
def test_nothing_can_be_added_changed_or_deleted(staff: Client, failed: Alert, view: str) -> None:
    arguments = [] if view == "add" else [failed.pk]

    answer = staff.post(
        reverse(f"admin:alerts_alert_{view}", args=arguments), {"post": "yes", "description": "x"}
    )

    assert answer.status_code == 403
    assert Alert.objects.get().description == an_alert()["description"]


def test_sending_again_is_asked_first_and_done_once(operator: Client, failed: Alert) -> None:
    asked = read(operator, door(Deed.RESEND, failed))
    assert "1 message would be sent, to 1 person." in asked
    assert Delivery.objects.count() == 1

    form = {"confirmed": "yes", "seen": f"{failed.pk}:1", "note": "Address mended"}
    operator.post(door(Deed.RESEND, failed), form)
    last: Any = operator.post(door(Deed.RESEND, failed), form, follow=True)  # a double click

    assert Delivery.objects.count() == 2
    told = html.unescape(last.content.decode())
    assert "Sent again by Olive Oakes" in told
    assert "“Address mended”" in told
    assert actions.SENT_AGAIN_MEANWHILE in told


def test_what_cannot_be_done_is_said_in_a_sentence(operator: Client, failed: Alert) -> None:
    Clinician.objects.update(active=False)

    page = read(operator, door(Deed.RESEND, failed))

    assert "The clinician is marked as inactive." in page
    assert "confirmed" not in page


@pytest.mark.parametrize(("deed", "state"), [(Deed.CANCEL, "cancelled"), (Deed.CLOSE, "closed")])
def test_it_is_cancelled_or_dealt_with(
    operator: Client, lab: ApiClient, clinician: Clinician, deed: Deed, state: str
) -> None:
    alert = store(lab, "waiting-1")

    operator.post(door(deed, alert), {"confirmed": "yes", "seen": f"{alert.pk}:1"})

    assert Alert.objects.get().state == state
    assert AlertAction.objects.get().deed == deed


def test_many_are_asked_for_with_how_many_would_be_sent_to_how_many_people(
    operator: Client, failed: Alert, lab: ApiClient
) -> None:
    make_clinician("D-9", {Priority.LOW: [Channel.EMAIL]}, name="Somebody Else")
    chosen = [
        failed,
        store(lab, "on its way"),
        *[store(lab, f"d-{number}", contact_id="D-9") for number in range(2)],
    ]
    for alert in chosen[2:]:
        claim = lifecycle.claim(Delivery.objects.get(alert=alert).pk)
        assert claim is not None
        lifecycle.accept(claim, Receipt(f"provider-{alert.pk}"))
    form = {"action": "resend_selected", "_selected_action": [str(alert.pk) for alert in chosen]}

    asked: Any = operator.post(ALERTS, {**form, "index": "0"})
    text = html.unescape(asked.content.decode())
    assert "3 messages would be sent, to 2 people." in text
    assert actions.ON_ITS_WAY in text
    assert Delivery.objects.count() == 4

    seen = [f"{alert.pk}:1" for alert in chosen if alert.message_id != "on its way"]
    done: Any = operator.post(ALERTS, {**form, "confirmed": "yes", "seen": seen}, follow=True)
    assert "3 alerts will be sent again." in html.unescape(done.content.decode())
    assert Delivery.objects.count() == 7
    assert AlertAction.objects.count() == 3


def test_too_many_at_once_are_refused(
    operator: Client, failed: Alert, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "MOST_AT_ONCE", 1)
    chosen = [failed, store(lab, "m-2")]
    form = {"action": "close_selected", "_selected_action": [str(alert.pk) for alert in chosen]}

    said: Any = operator.post(ALERTS, {**form, "index": "0"}, follow=True)

    assert "Nothing was done" in html.unescape(said.content.decode())
    assert not Alert.objects.filter(state=AlertState.CLOSED).exists()


@pytest.mark.parametrize("deed", Deed)
def test_without_the_permission_it_is_neither_shown_nor_done(
    operator: Client, failed: Alert, deed: Deed
) -> None:
    Permission.objects.get(codename=f"{deed.value}_alert").group_set.clear()

    assert door(deed, failed) not in read(operator, page_of(failed))
    assert (
        operator.post(door(deed, failed), {"confirmed": "yes", "seen": f"{failed.pk}:1"}).status_code == 403
    )
    assert f'value="{deed.value}_selected"' not in read(operator, ALERTS)
    operator.post(
        ALERTS,
        {
            "action": f"{deed.value}_selected",
            "_selected_action": str(failed.pk),
            "confirmed": "yes",
            "seen": f"{failed.pk}:1",
        },
    )
    assert not AlertAction.objects.exists()


@pytest.mark.parametrize("seen", ["", "x:y", "1", "0:0", "999999:1", "1:2:3"])
def test_a_form_that_was_tampered_with_does_nothing(operator: Client, failed: Alert, seen: str) -> None:
    answer = operator.post(door(Deed.CLOSE, failed), {"confirmed": "yes", "seen": seen})

    assert answer.status_code == 302
    assert not AlertAction.objects.exists()


def test_the_number_of_queries_does_not_grow(operator: Client, failed: Alert, lab: ApiClient) -> None:
    """Of the list, of an alert's page, and of the page that asks."""

    def queries() -> list[int]:
        chosen = [str(pk) for pk in Alert.objects.values_list("pk", flat=True)]
        form = {"action": "resend_selected", "_selected_action": chosen, "index": "0"}
        counted = []
        for look in (
            lambda: operator.get(ALERTS),
            lambda: operator.get(page_of(failed)),
            lambda: operator.post(ALERTS, form),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert look().status_code == 200  # type: ignore[no-untyped-call]
            counted.append(len(captured))
        return counted

    actions.resend(failed.pk, by=User.objects.get(), after_round=1)
    queries()  # what is read once for all pages
    few = queries()
    for number in range(20):
        make_clinician(f"D-{number}", {Priority.LOW: [Channel.EMAIL]})
        store(lab, f"m{number}", contact_id=f"D-{number}")
    for number in range(2, 5):
        claim = lifecycle.claim(Delivery.objects.get(alert=failed, round=number).pk)
        assert claim is not None
        error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
        lifecycle.fail(claim, error, NextChannel(Reason.INVALID_ADDRESS))
        actions.resend(failed.pk, by=User.objects.get(), after_round=number)

    assert queries() == few
    assert max(few) < 15, few
