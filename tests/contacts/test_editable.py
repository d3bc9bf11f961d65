"""Every field that staff may edit is in the form, on the page, in a file and in the history."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from contacts import history
from contacts.admin.form import ClinicianForm
from contacts.admin.page import ClinicianPage
from contacts.import_export.columns import COLUMNS
from contacts.models import EDITABLE, Clinician
from tests.contacts.admin.test_admin import page_of, typed
from tests.contacts.import_export.files import CSV, confirm, export, look

FIELDS: list[Any] = [
    field
    for field in Clinician._meta.get_fields()  # noqa: SLF001 - Django's documented API
    if getattr(field, "editable", False) and not field.auto_created and field.concrete
]
NEW = {
    "name": "Asha Okafor",
    "role": "Registrar",
    "department": "Surgery",
    "call_number": "+447700900101",
    "sms_number": "+447700900102",
    "email": "asha@ward.example",
    "active": "",
}
"""A new value for each field but the contact ID; empty is no."""


def test_each_editable_field_of_the_model_is_listed_once() -> None:
    assert sorted(EDITABLE) == sorted(field.name for field in FIELDS)
    assert set(NEW) == set(EDITABLE) - {"contact_id"}, "give the new field a value above"


def test_the_form_the_page_and_a_file_have_each_of_them() -> None:
    on_the_page = [
        name
        for _title, options in ClinicianPage.fieldsets
        for line in options["fields"]
        for name in ([line] if isinstance(line, str) else line)
    ]

    assert set(EDITABLE) <= set(ClinicianForm.base_fields)
    assert set(EDITABLE) <= set(on_the_page)
    assert set(EDITABLE) <= set(COLUMNS)


def changed_fields(clinician: Clinician) -> set[str]:
    newer, older = clinician.history.all()[:2]
    return {each.field for each in history.changes(newer, older)}


def labels() -> set[str]:
    return {field.verbose_name[:1].upper() + field.verbose_name[1:] for field in FIELDS if field.name in NEW}


@pytest.mark.django_db
def test_a_file_saves_each_of_them_and_the_history_has_it(admin_client: Client, clinician: Clinician) -> None:
    rows = csv.DictReader(StringIO(export(admin_client, CSV).decode("utf-8-sig")))
    (row,) = ({**each, **NEW, "active": "no"} for each in rows)

    looked = look(admin_client, "\n".join([",".join(row), ",".join(row.values())]))
    confirm(admin_client, looked)

    clinician.refresh_from_db()
    assert {name: getattr(clinician, name) for name in NEW} == {**NEW, "active": False}
    assert changed_fields(clinician) == labels()


@pytest.mark.django_db
def test_the_page_saves_each_of_them_and_the_history_has_it(
    admin_client: Client, clinician: Clinician
) -> None:
    admin_client.post(page_of(clinician), typed(**NEW))

    clinician.refresh_from_db()
    assert {name: getattr(clinician, name) for name in NEW} == {**NEW, "active": False}
    assert changed_fields(clinician) == labels()
