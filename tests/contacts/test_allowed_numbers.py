"""Which telephone numbers staff may enter: of which countries, and of which kinds."""

from typing import Any

import pytest
from django.test import Client
from phonenumbers import PhoneNumberType
from pytest_django.fixtures import Settings

from config import env
from contacts import phone
from contacts.models import Clinician
from tests.contacts.import_export.files import look, wrong
from tests.factories import make_clinician

MOBILE, LANDLINE, SWITCHBOARD, FICTIONAL, SAMPLE = (
    "+447912345678", "+442079460000", "+443001234567", "+447700900123", "+447000000000",
)  # fmt: skip
PREMIUM, REVENUE, SATELLITE, AMERICAN, JAMAICAN, MANX = (
    "+449098790000", "+448712345678", "+881612345678", "+12025550123", "+18765550123", "+447624000000",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_by_default(settings: Settings) -> None:
    settings.DEFAULT_COUNTRY = "GB"
    settings.NUMBER_COUNTRIES = frozenset({"GB"})
    settings.NUMBER_TYPES = env.number_types("NUMBER_TYPES")


@pytest.mark.parametrize("number", ["", MOBILE, LANDLINE, SWITCHBOARD, FICTIONAL, SAMPLE, "+447911"])
def test_numbers_of_the_hospital_s_country_are_taken(number: str) -> None:
    assert phone.refusal(number) == ""


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (PREMIUM, "This is a premium-rate number"),
        (REVENUE, "This is a premium-rate number"),
        (SATELLITE, "Numbers of this country (+881) are not allowed here."),
        (AMERICAN, "Numbers of this country (+1) are not allowed here."),
        (MANX, "Numbers of this country (+44) are not allowed here."),
    ],
)
def test_numbers_that_cost_or_are_elsewhere_are_refused(number: str, why: str) -> None:
    assert phone.refusal(number).startswith(why)
    assert phone.refusal(number).endswith("or ask the people who run Bleep.")


def test_a_country_is_not_all_that_share_its_code(settings: Settings) -> None:
    settings.NUMBER_COUNTRIES = frozenset({"US"})

    assert phone.refusal(AMERICAN) == ""
    assert phone.refusal(JAMAICAN)


def test_the_settings_say_which(settings: Settings) -> None:
    settings.NUMBER_COUNTRIES = frozenset({env.ALL})
    assert [phone.refusal(each) for each in (SATELLITE, AMERICAN, MANX)] == ["", "", ""]
    assert phone.refusal(PREMIUM)

    settings.NUMBER_TYPES = frozenset({PhoneNumberType.PREMIUM_RATE})
    assert phone.refusal(PREMIUM) == ""
    assert phone.refusal(MOBILE).startswith("This is a mobile number")


@pytest.mark.django_db
def test_the_form_and_a_file_refuse_them(admin_client: Client) -> None:
    typed = {"name": "Ann", "contact_id": "C-1", "active": "on", "call_number": "+44 909 879 0000"}
    added: Any = admin_client.post("/admin/contacts/clinician/add/", typed)

    assert added.context["errors"] or added.context["adminform"].form.errors
    assert "premium-rate" in added.content.decode()
    assert not Clinician.objects.exists()

    [(row, column, sentence)] = wrong(
        look(admin_client, f"contact_id,name,sms_number\nC-1,Ann,{SATELLITE}\n")
    )
    assert (row, column) == (2, "sms_number")
    assert "(+881)" in sentence


@pytest.mark.django_db
def test_a_clinician_with_an_old_number_can_still_be_changed(admin_client: Client) -> None:
    ann = make_clinician("C-1", {}, name="Ann", call_number=AMERICAN)
    page = f"/admin/contacts/clinician/{ann.pk}/change/"

    admin_client.post(
        page, {"name": "Ann Oakes", "contact_id": "C-1", "active": "on", "call_number": AMERICAN}
    )

    ann.refresh_from_db()
    assert (ann.name, ann.call_number) == ("Ann Oakes", AMERICAN)
    assert not wrong_rows(look(admin_client, f"contact_id,department,call_number\nC-1,Renal,{AMERICAN}\n"))


def wrong_rows(looked: Any) -> list[Any]:
    return list(looked.context["comparison"].faults)
