"""The clinician's pages in the admin, as staff use them."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

LIST = "/admin/contacts/clinician/"
ADD = "/admin/contacts/clinician/add/"
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
TAKEN = "There is already a clinician with this contact ID. If you pressed Save twice, they are saved: see the list."


def page_of(clinician: Clinician) -> str:
    return f"/admin/contacts/clinician/{clinician.pk}/change/"


def typed(
    *, high: str = "call sms", medium: str = "sms", low: str = "email", **fields: str
) -> dict[str, str]:
    """The posted form: the fixture's clinician, with changes. `-` is an empty select."""
    rows = {"high": high.split(), "medium": medium.split(), "low": low.split()}
    selects = {
        f"{name}_{position}": channel.removeprefix("-")
        for name, channels in rows.items()
        for position, channel in enumerate(channels)
    }
    return {
        "contact_id": "C-1",
        "name": "Clinician C-1",
        "active": "on",
        "call_number": "+447700900001",
        "sms_number": "+447700900002",
        "email": "clinician@ward.example",
        **selects,
        **fields,
    }


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, "it was saved"
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return dict(found)


def test_a_clinician_is_added_with_their_preferences(admin_client: Client) -> None:
    answer = admin_client.post(ADD, typed(high="call sms email"))

    assert answer.status_code == 302
    added = Clinician.objects.get(contact_id="C-1")
    assert preferences.channels_by_priority(added) == {
        Priority.HIGH: [CALL, SMS, EMAIL],
        Priority.MEDIUM: [SMS],
        Priority.LOW: [EMAIL],
    }


def test_a_number_typed_with_spaces_is_stored_as_e164(admin_client: Client) -> None:
    admin_client.post(ADD, typed(call_number="+44 (0)7700 900 123", sms_number="447000000000"))

    added = Clinician.objects.get()
    assert (added.call_number, added.sms_number) == ("+447700900123", "+447000000000")


def test_the_page_shows_the_channels_in_order(admin_client: Client, clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [EMAIL, CALL]})

    form = admin_client.get(page_of(clinician)).context["adminform"].form

    selects = form["high"].subwidgets[0].data["subwidgets"]
    assert [select["value"] for select in selects] == [["email"], ["call"], [""], [""], [""], [""]]


def test_an_edit_replaces_the_preferences_and_keeps_their_order(
    admin_client: Client, clinician: Clinician
) -> None:
    admin_client.post(page_of(clinician), typed(high="sms email call", low=""))

    assert preferences.channels_by_priority(clinician) == {
        Priority.HIGH: [SMS, EMAIL, CALL],
        Priority.MEDIUM: [SMS],
        Priority.LOW: [],
    }


def test_a_gap_between_channels_closes(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post(page_of(clinician), typed(high="- sms call"))

    assert preferences.channels_by_priority(clinician)[Priority.HIGH] == [SMS, CALL]
    assert set(clinician.preferences.filter(priority="H").values_list("position", flat=True)) == {1, 2}


def test_a_second_channel_counts_as_a_change_in_the_history(
    admin_client: Client, clinician: Clinician
) -> None:
    admin_client.post(page_of(clinician), typed(medium="sms call"))

    assert LogEntry.objects.get().get_change_message() == "Changed Medium priority."


def test_a_channel_without_an_address_is_refused_at_its_priority(admin_client: Client) -> None:
    answer = admin_client.post(ADD, typed(sms_number="", medium="call"))

    assert errors(answer) == {
        "high": ["SMS needs “Number for SMS”: fill it in above, or choose another channel."]
    }
    assert not Clinician.objects.exists()


def test_an_address_that_a_preference_needs_cannot_be_removed(
    admin_client: Client, clinician: Clinician
) -> None:
    answer = admin_client.post(page_of(clinician), typed(email=""))

    assert errors(answer) == {
        "low": ["E-mail needs “E-mail address”: fill it in above, or choose another channel."]
    }
    clinician.refresh_from_db()
    assert clinician.email == "clinician@ward.example"


def test_an_address_can_be_removed_together_with_its_preferences(
    admin_client: Client, clinician: Clinician
) -> None:
    admin_client.post(page_of(clinician), typed(email="", low="sms"))

    clinician.refresh_from_db()
    assert clinician.email == ""
    assert preferences.channels_by_priority(clinician)[Priority.LOW] == [SMS]


def test_a_call_may_ring_again(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post(page_of(clinician), typed(high="call sms call call"))

    clinician.refresh_from_db()
    assert preferences.channels_by_priority(clinician)[Priority.HIGH] == [CALL, SMS, CALL, CALL]


def test_a_channel_too_often_for_one_priority_is_refused_at_that_priority(admin_client: Client) -> None:
    answer = admin_client.post(ADD, typed(low="email sms email email email"))

    assert errors(answer) == {"low": ["E-mail is chosen 4 times: choose it 3 times at most."]}


def test_a_channel_that_does_not_exist_is_refused(admin_client: Client) -> None:
    assert list(errors(admin_client.post(ADD, typed(low="pigeon")))) == ["low"]


@pytest.mark.parametrize("field", ["call_number", "sms_number"])
def test_a_bad_number_is_refused_at_its_field_and_nowhere_else(admin_client: Client, field: str) -> None:
    answer = admin_client.post(ADD, typed(**{field: "07700 9"}))

    found = errors(answer)
    assert list(found) == [field]
    assert found[field][0].startswith("This number has too many or too few digits for its country.")


def test_a_bad_e_mail_address_is_refused_at_its_field_and_nowhere_else(admin_client: Client) -> None:
    assert errors(admin_client.post(ADD, typed(email="someone"))) == {
        "email": ["Enter a valid email address."]
    }


def test_a_contact_id_that_is_taken_is_refused_at_its_field(
    admin_client: Client, clinician: Clinician
) -> None:
    assert errors(admin_client.post(ADD, typed())) == {"contact_id": [TAKEN]}


def test_saving_a_priority_without_a_channel_warns(admin_client: Client) -> None:
    answer = admin_client.post(ADD, typed(high="", medium="", call_number="", sms_number=""), follow=True)

    assert next(str(message) for message in answer.context["messages"]) == (
        "No channel is chosen for High and Medium priority: such alerts for Clinician C-1 (C-1) are refused."
    )


def test_no_warning_where_every_priority_has_a_channel(admin_client: Client) -> None:
    answer = admin_client.post(ADD, typed(), follow=True)

    assert [message.level_tag for message in answer.context["messages"]] == ["success"]


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(
    admin_client: Client, clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as for_one:
        admin_client.get(LIST)
    for number in range(2, 21):
        make_clinician(f"C-{number}", {Priority.HIGH: [CALL, SMS, EMAIL], Priority.LOW: [EMAIL]})

    with django_assert_num_queries(len(for_one)):
        assert admin_client.get(LIST).context["cl"].result_count == 20


def test_staff_who_may_only_view_see_the_preferences_and_cannot_change_them(clinician: Clinician) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_clinician"))
    client = Client()
    client.force_login(viewer)

    page = client.get(page_of(clinician)).content.decode()

    assert "Telephone call → SMS" in page
    assert "<select" not in page
    assert client.post(page_of(clinician), typed(high="")).status_code == 403
