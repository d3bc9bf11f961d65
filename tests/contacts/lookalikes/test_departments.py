"""Departments that differ in case and spaces alone: suggested, and doubted."""

import pytest
from django.test import Client

from contacts.models import Clinician
from tests.contacts.admin.test_admin import ADD, page_of, typed
from tests.contacts.import_export.files import look
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db
DOUBT = "“{}” is written “Ward 4” elsewhere: write it the same way, if it is the same."


@pytest.fixture
def on_ward_4(db: None) -> Clinician:
    return make_clinician("W-4", {}, department="Ward 4")


def test_the_form_suggests_what_is_there(admin_client: Client, on_ward_4: Clinician) -> None:
    make_clinician("W-5", {}, department="ward4")

    page = admin_client.get(ADD).content.decode()

    assert '<datalist id="departments"><option value="Ward 4"></option></datalist>' in page
    assert 'list="departments"' in page


@pytest.mark.parametrize("typed_", ["ward 4", "Ward4", "WARD  4"])
def test_the_form_and_the_import_doubt_another_spelling(
    admin_client: Client, clinician: Clinician, on_ward_4: Clinician, typed_: str
) -> None:
    kept = " ".join(typed_.split())
    url = page_of(clinician).replace("change", "preview")
    answer = admin_client.post(url, typed(department=typed_)).json()
    looked = look(admin_client, f"contact_id,department\nC-1,{typed_}\n")

    assert answer["risks"]["department"] == [DOUBT.format(kept)]
    assert looked.context["comparison"].warnings == [(DOUBT.format(kept), 1)]
    assert DOUBT.format(kept) in looked.content.decode()


@pytest.mark.parametrize("typed_", ["Ward 4", "Ward 5", ""])
def test_no_other_department_is_doubted(
    admin_client: Client, clinician: Clinician, on_ward_4: Clinician, typed_: str
) -> None:
    url = page_of(clinician).replace("change", "preview")

    assert admin_client.post(url, typed(department=typed_)).json()["risks"]["department"] == []


def test_two_spellings_in_one_file_are_doubted(admin_client: Client) -> None:
    looked = look(admin_client, "contact_id,name,department\nA-1,A,Ward 4\nA-2,B,ward4\nA-3,C,Ward 4\n")

    assert DOUBT.format("ward4") in [sentence for sentence, _rows in looked.context["comparison"].warnings]


def test_numbers_are_shown_as_they_are_understood(admin_client: Client, clinician: Clinician) -> None:
    url = page_of(clinician).replace("change", "preview")
    answer = admin_client.post(url, typed(call_number="07700 900555", sms_number="020 7946 0000")).json()

    assert answer["understood"] == {
        "call_number": ["Understood as +44 7700 900555."],
        "sms_number": ["Understood as +44 20 7946 0000."],
    }
    assert answer["risks"]["sms_number"] == [
        "SMS: this number is a landline or a service, and cannot get an SMS."
    ]
    assert answer["errors"] == {}


def test_an_import_doubts_a_number_that_cannot_get_an_sms(admin_client: Client, clinician: Clinician) -> None:
    looked = look(admin_client, "contact_id,sms_number\nC-1,+44 7912 34567\n")

    ((warning, rows),) = looked.context["comparison"].warnings
    assert warning.startswith("SMS: this number is not in use, as far as is known")
    assert rows == 1
    assert looked.context["packed"], "it can be saved"
