"""What looks the same is the same: by form, import and API."""

import unicodedata

import pytest
from django.test import Client
from hypothesis import given, strategies as st

from alerts.models import Alert
from contacts.models import Clinician
from spelling import normal
from tests.contacts.admin.test_admin import ADD, errors, page_of, typed
from tests.contacts.import_export.files import changes, confirm, look, wrong
from tests.factories import an_alert, make_clinician
from tests.sender import Sender

SAME = [
    "C-1\u200b", "\u200bC-1", "C\u00ad-1", "\ufeffC-1", "C-1\u2060", "\u202aC-1\u202c", "C-\u200d1", "C-1\ufe0f",
    "\u00a0C-1\u2003", "C-1\t", "C-1\n", "\u2800C-1",
]  # fmt: skip
"""Other spellings of C-1, which a page shows as C-1."""
REFUSED = {
    "C\t1": "There is a tab in it (U+0009)",
    "C\n1": "There is a line break in it (U+000A)",
    "C\u20281": "There is a line break in it (U+2028)",
    "C\x011": "There is a control character in it (U+0001)",
    "C\x801": "There is a control character in it (U+0080)",
    "C\ufffe1": "There is a character that nothing can show in it (U+FFFE)",
}


@pytest.mark.parametrize("spelling", SAME, ids=ascii)
def test_spellings_that_look_the_same_are_the_same(spelling: str) -> None:
    assert normal.normal(spelling) == "C-1"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("E\u0301-7", "É-7"),
        ("C\u00a01", "C 1"),
        ("Ann   Example", "Ann Example"),
        ("\u0627\u0600", "\u0627\u0600"),
        ("\u200b", ""),
        ("\u0301", ""),
        ("\u0301 \u20dd\u2800\u064b", ""),
        ("\u0903", "\u0903"),
        ("1\ufe0f\u20e3", "1\u20e3"),
    ],
    ids=ascii,
)
def test_a_text_has_one_normal_form(text: str, kept: str) -> None:
    assert normal.normal(text) == kept


@given(st.text(max_size=30))
def test_the_normal_form_of_any_text_is_its_own(text: str) -> None:
    kept = normal.normal(text)

    assert normal.normal(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert normal.is_blank(text) == (not kept.strip())
    assert not normal.unwanted(normal.without_unwanted(text))


@pytest.mark.parametrize(
    "typed_",
    ["Ann@Ward.Example", "ann@ward.example\u200b", " mailto:ann@ward.example", "\ufeffANN@WARD.EXAMPLE"],
)
def test_an_e_mail_address_has_one_normal_form(typed_: str) -> None:
    assert normal.email(typed_) == "ann@ward.example"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "sign"),
    [
        ("ann@wаrd.example", "а"),
        ("аnn@ward.example", "а"),
        ("ann@wärd.example", "ä"),
        ("ann＠ward.example", "＠"),
    ],
    ids=ascii,
)
def test_an_e_mail_address_with_a_letter_that_may_only_look_right_is_refused(
    admin_client: Client, address: str, sign: str
) -> None:
    sentence = (
        f"“{sign}” cannot be in an e-mail address, though it may look like a letter that can: type it again."
    )

    assert errors(admin_client.post(ADD, typed(email=address))) == {"email": [sentence]}
    looked = look(admin_client, f"contact_id,name,email\nC-9,Ann Example,{address}\n")
    assert wrong(looked) == [(2, "email", sentence)]


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", SAME, ids=ascii)
def test_an_alert_finds_the_clinician_however_the_id_is_written(
    sender: Sender, clinician: Clinician, spelling: str
) -> None:
    assert sender.post(an_alert(contact_id=spelling)).status_code == 202

    alert = Alert.objects.get()
    assert (alert.clinician, alert.contact_id) == (clinician, "C-1")
    found = sender.client.get("/notification", {"contact_id": spelling}, headers=sender.headers).json()
    assert [each["message_id"] for each in found["results"]] == [alert.message_id]


@pytest.mark.django_db
@pytest.mark.parametrize(("contact_id", "sentence"), REFUSED.items(), ids=ascii)
def test_the_form_the_import_and_the_api_refuse_the_same_ids_in_the_same_words(
    sender: Sender, admin_client: Client, contact_id: str, sentence: str
) -> None:
    answer = sender.post(an_alert(contact_id=contact_id))
    looked = look(admin_client, f'contact_id,name\n"{contact_id}",Ann\n')
    said = errors(admin_client.post(ADD, typed(contact_id=contact_id)))

    assert answer.status_code == 400
    assert sentence in answer.json()["errors"][0]["message"]
    assert sentence.partition(" in ")[0] in wrong(looked)[0][2]
    assert sentence in said["contact_id"][0]
    assert not Clinician.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["C-1\u200b", "\u00adC-1", "C-1\t"], ids=ascii)
def test_a_twin_by_invisible_characters_is_the_same_person(
    admin_client: Client, clinician: Clinician, spelling: str
) -> None:
    looked = look(admin_client, f"contact_id,call_number\n{spelling},+44 7700 900109\n")
    assert changes(looked) == {2: [("call_number", "+447700900001", "+447700900109")]}
    confirm(admin_client, looked)
    answer = admin_client.post(ADD, typed(contact_id=spelling))

    clinician.refresh_from_db()
    assert clinician.call_number == "+447700900109"
    assert "already a clinician with this contact ID" in errors(answer)["contact_id"][0]


@pytest.mark.django_db
def test_two_rows_for_one_id_are_told(admin_client: Client) -> None:
    ((row, column, sentence),) = wrong(look(admin_client, "contact_id,name\nC-1,Ann\nC-1\u200b,Ben\n"))

    assert (row, column, sentence) == (
        3,
        "contact_id",
        "This contact ID is in row 2 already: keep one of the two.",
    )


@pytest.mark.django_db
def test_the_form_stores_the_normal_form_of_every_text(admin_client: Client, clinician: Clinician) -> None:
    fields = {
        "name": "E\u0301a\u200b Example",
        "role": "\u00a0Registrar",
        "department": "Ward\u00a04",
        "email": "Ann@Ward.example\u200b",
        "call_number": "\u202a+44 7700 900101\u202c",
    }

    admin_client.post(page_of(clinician), typed(**fields))

    clinician.refresh_from_db()
    kept = (clinician.name, clinician.role, clinician.department, clinician.email, clinician.call_number)
    assert kept == ("Éa Example", "Registrar", "Ward 4", "ann@ward.example", "+447700900101")


@pytest.mark.django_db
def test_an_address_in_other_letters_is_no_change(admin_client: Client, clinician: Clinician) -> None:
    looked = look(admin_client, "contact_id,email\nC-1,Clinician@Ward.Example\n")

    assert looked.context["comparison"].summary == "1 row without a change"


@pytest.mark.django_db
def test_code_stores_the_normal_form_too() -> None:
    made = make_clinician("C-1\u200b", {}, email="Ann@Ward.example")

    assert (made.contact_id, made.email) == ("C-1", "ann@ward.example")
    assert Clinician.objects.get(contact_id="\u200bC-1").email == "ann@ward.example"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["message_id", "type", "patient_id", "contact_id", "description"])
@pytest.mark.parametrize(
    "blank",
    ["\u200b", " \u2060\u00ad ", "\u2800", "\u3164", "\u0301", "\u0301 \u20dd", "\u064b\u2800\u0301"],
    ids=ascii,
)
def test_blank_is_blank(sender: Sender, clinician: Clinician, field: str, blank: str) -> None:
    answer = sender.post(an_alert(**{field: blank}))

    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert "blank" in answer.json()["errors"][0]["message"]


@pytest.mark.django_db
@pytest.mark.parametrize("blank", ["\x80", "\x9f \u0301", "\ufdd0"], ids=ascii)
def test_a_description_that_only_controls_is_blank(sender: Sender, clinician: Clinician, blank: str) -> None:
    assert "blank" in sender.post(an_alert(description=blank)).json()["errors"][0]["message"]


@pytest.mark.django_db
def test_a_description_keeps_its_invisible_characters(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(description="नमस्\u200dते ❤\ufe0f"))

    assert Alert.objects.get().description == "नमस्\u200dते ❤\ufe0f"


@pytest.mark.django_db
def test_a_patient_reference_is_stored_in_its_normal_form(sender: Sender, clinician: Clinician) -> None:
    assert sender.post(an_alert(patient_id="P-7\u200b")).status_code == 202

    assert sender.post(an_alert(patient_id="P-7")).status_code == 200
    assert Alert.objects.get().patient_id == "P-7"
