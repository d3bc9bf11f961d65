"""What was stored before texts had a normal form."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from contacts import problems
from contacts.models import Clinician, PreferenceTemplate
from contacts.problems import Problem
from tests.contacts.test_problems import ALL_WELL, having
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

migration: Any = import_module("contacts.migrations.0002_normal_form")


def stored_before(contact_id: str, spelt: str, **fields: str) -> Clinician:
    """A clinician as an older version could store them."""
    made = make_clinician(contact_id, ALL_WELL)
    for column, value in {"contact_id": spelt, **fields}.items():
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE contacts_clinician SET {column} = %s WHERE id = %s",  # noqa: S608 - known names
                [value, made.pk],
            )
    return made


def migrate() -> None:
    migration.write_normal_form(apps, None)


@pytest.mark.parametrize("spelt", ["C-9\u200b", "C-9\u0001", "\u00a0C-9", "C-9\t"], ids=ascii)
def test_an_id_that_nobody_else_has_gets_its_normal_form(spelt: str) -> None:
    made = stored_before("C-1", spelt, email="Ann@Ward.example\u200b", department="Ward\u00a04")
    assert having(Problem.NOT_NAMEABLE) == [spelt]

    migrate()

    made.refresh_from_db()
    assert (made.contact_id, made.email, made.department) == ("C-9", "ann@ward.example", "Ward 4")
    assert having(Problem.NOT_NAMEABLE) == []


@pytest.mark.parametrize("spelt", ["É-7\u200b", "E\u0301-7", "É-7\n", "É-7\u3000"], ids=ascii)
def test_an_id_that_is_somebody_elses_stays_and_is_shown(admin_client: Client, spelt: str) -> None:
    make_clinician("É-7", ALL_WELL)
    twin = stored_before("C-1", spelt, department="Ward\u00a04")

    migrate()

    twin.refresh_from_db()
    assert (twin.contact_id, twin.department) == (spelt, "Ward 4")
    assert having(Problem.NOT_NAMEABLE) == [spelt]
    assert "No alert can name this contact ID" in problems.sentences(twin)[0]
    assert problems.summary().examples == ((twin.pk, twin.name),)
    assert (
        "No alert can name this contact ID" in admin_client.get("/admin/contacts/clinician/").content.decode()
    )


def test_templates_are_written_in_it_too() -> None:
    (template,) = PreferenceTemplate.objects.all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_preferencetemplate SET name = %s", ["Nights\u200b"])

    migrate()

    template.refresh_from_db()
    assert template.name == "Nights"
