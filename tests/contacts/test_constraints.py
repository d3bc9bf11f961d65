"""What PostgreSQL refuses: none of these values goes through `full_clean`."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from contacts.models import Clinician, Preference

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "number", ["07700900123", "447700900123", "+0447700900123", "+44 7700", "+1234", "+44770\n", "x"]
)
@pytest.mark.parametrize("column", ["call_number", "sms_number"])
def test_the_database_refuses_a_number_that_is_not_e164(
    clinician: Clinician, column: str, number: str
) -> None:
    with pytest.raises(IntegrityError, match=f"clinician_{column}_is_e164"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE contacts_clinician SET {column} = %s", [number])  # noqa: S608 - two known names


@pytest.mark.parametrize("number", ["", "+44770", "+447700900123", "+123456789012345"])
def test_the_database_accepts_e164_and_an_empty_number(clinician: Clinician, number: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_clinician SET call_number = %s", [number])

    clinician.refresh_from_db()
    assert clinician.call_number == number


def test_a_number_saved_by_code_becomes_e164(db: None) -> None:
    Clinician.objects.create(contact_id="C-2", name="Clinician C-2", sms_number="+44 7700 900123")

    assert Clinician.objects.get().sms_number == "+447700900123"


@pytest.mark.parametrize("contact_id", ["", " ", " C-2", "C-2 "])
def test_the_database_refuses_an_untrimmed_contact_id(clinician: Clinician, contact_id: str) -> None:
    with (
        pytest.raises(IntegrityError, match="clinician_contact_id_is_trimmed"),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE contacts_clinician SET contact_id = %s", [contact_id])


def test_the_database_refuses_a_duplicate_contact_id(clinician: Clinician) -> None:
    with pytest.raises(IntegrityError, match="contact_id"):
        Clinician.objects.create(contact_id=clinician.contact_id, name="Another")


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        (("X", 1, "sms"), "preference_priority_is_known"),
        (("H", 3, "pigeon"), "preference_channel_is_known"),
        (("L", 0, "sms"), "preference_position_is_in_range"),
        (("L", 7, "sms"), "preference_position_is_in_range"),
        (("H", 1, "email"), "preference_one_per_position"),
    ],
)
def test_the_database_refuses_an_invalid_preference(
    clinician: Clinician, row: tuple[str, int, str], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_preference (clinician_id, priority, position, channel) VALUES (%s, %s, %s, %s)",
            [clinician.pk, *row],
        )


def test_deleting_a_clinician_deletes_their_preferences(clinician: Clinician) -> None:
    clinician.delete()

    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"contact_id": ""}, "This field cannot be blank."),
        ({"contact_id": "C\t2"}, "There is a tab in it (U+0009): take it out."),
        ({"call_number": "07700 9"}, "too many or too few digits"),
        ({"email": "someone"}, "Enter a valid email address."),
    ],
)
def test_a_validation_error_is_a_sentence(fields: dict[str, Any], message: str) -> None:
    someone = Clinician(**{"contact_id": "C-2", "name": "Clinician C-2", **fields})

    with pytest.raises(ValidationError) as refused:
        someone.full_clean()

    assert any(message in said for said in refused.value.messages)
