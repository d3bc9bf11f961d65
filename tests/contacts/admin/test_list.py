"""The list of clinicians: columns, search and filters."""

import pytest
from django.test import Client

from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

LIST = "/admin/contacts/clinician/"
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
NO_ADDRESSES = {"call_number": "", "sms_number": "", "email": ""}


def found(admin_client: Client, **query: str) -> list[str]:
    listed = admin_client.get(LIST, query).context["cl"].queryset
    return sorted(each.contact_id for each in listed)


@pytest.mark.parametrize(
    "sought",
    [
        "C-1",
        "clinician c",
        "ward.example",
        "07700 900001",
        "07700900001",
        "+44 7700 900001",
        "+44 (0)7700 900 001",
        "0044 7700-900001",
        "447700900001",
        "7700900001",
        "900001",
        "900 002",
    ],
)
def test_a_clinician_is_found_by_name_contact_id_and_address_as_people_write_it(
    admin_client: Client, clinician: Clinician, sought: str
) -> None:
    make_clinician("D-2", {}, name="Other", **NO_ADDRESSES)

    assert found(admin_client, q=sought) == ["C-1"]


@pytest.mark.parametrize("sought", ["+44 7700 900999", "no such person", "07"])
def test_a_clinician_who_does_not_match_is_not_found(
    admin_client: Client, clinician: Clinician, sought: str
) -> None:
    assert found(admin_client, q=sought) == []


def test_a_contact_id_of_digits_is_found(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("00123", {}, **NO_ADDRESSES)

    assert found(admin_client, q="00123") == ["00123"]


def test_spellings_of_a_department_are_one_entry_of_the_filter(admin_client: Client) -> None:
    for number, department in enumerate(["Ward 4", "ward 4", "Ward4", "Ward 5"], start=1):
        make_clinician(f"C-{number}", {}, department=department)

    page = admin_client.get(LIST).content.decode()

    assert [page.count(f">{name}</option>") for name in ("Ward 4", "ward 4", "Ward4", "Ward 5")] == [
        1,
        0,
        0,
        1,
    ]
    assert found(admin_client, department="Ward 4") == ["C-1", "C-2", "C-3"]
    assert found(admin_client, department="WARD４") == ["C-1", "C-2", "C-3"]


def test_filters_by_department_state_and_problem(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("C-2", {Priority.HIGH: [EMAIL]}, department="Cardiology")
    make_clinician("C-3", {}, active=False, department="Surgery")

    assert found(admin_client, department="Cardiology") == ["C-2"]
    assert found(admin_client, active="no") == ["C-3"]
    assert found(admin_client, active="yes") == ["C-1", "C-2"]
    assert found(admin_client, problem="any") == ["C-2"]
    assert found(admin_client, problem="not_at_once") == ["C-2"]
    assert found(admin_client, problem="no_address") == []
    assert found(admin_client, problem="none") == ["C-1", "C-3"]
    assert found(admin_client, problem="any", active="no") == []


def test_the_list_shows_channels_in_order_as_icons_and_words(
    admin_client: Client, clinician: Clinician
) -> None:
    make_clinician("C-2", {Priority.HIGH: [SMS, EMAIL, CALL]})
    Clinician.objects.filter(contact_id="C-2").update(email="")

    page = admin_client.get(LIST).content.decode()

    assert 'aria-label="Telephone call, then SMS"' in page
    assert 'aria-label="SMS, then E-mail (no address), then Telephone call"' in page


def test_the_list_shows_problems(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("C-2", {Priority.HIGH: [EMAIL]})

    page = admin_client.get(LIST).content.decode()

    assert "High has neither a call nor an SMS." in page
    assert "No channel for Medium and Low." in page


@pytest.mark.parametrize("page", [LIST, f"{LIST}export/"])
@pytest.mark.parametrize(
    "query",
    [
        "department=%00",
        "department__exact=%00",
        "q=%00",
        "q=a%00b",
        "zzz=1",
        "page=abc",
        "p=-1",
        "p=999",
        "o=9",
        "o=zzz",
        "active=zzz",
        "problem=zzz",
    ],
)
def test_an_invalid_query_gives_no_error_page(
    admin_client: Client, clinician: Clinician, page: str, query: str
) -> None:
    Clinician.objects.update(department="Surgery")

    assert admin_client.get(f"{page}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize("chosen", ["abc", "\0", ""])
def test_an_invalid_selection_gives_no_error_page(
    admin_client: Client, clinician: Clinician, chosen: str
) -> None:
    sent = {"action": "deactivate", "_selected_action": [chosen]}

    assert admin_client.post(LIST, sent, follow=True).status_code == 200
    assert admin_client.get(f"{LIST}abc/history/").status_code == 404


def test_the_filters_count_nobody(admin_client: Client, clinician: Clinician) -> None:
    page = admin_client.get(LIST, {"_facets": "True"})

    assert not page.context["cl"].add_facets
    assert "_facets" not in admin_client.get(LIST).content.decode()
