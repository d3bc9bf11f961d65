"""Contact IDs that look alike: doubted before saving, and saved where somebody says that they are other people."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from contacts.lookalikes import contact_ids
from contacts.models import Clinician
from spelling.likeness import likeness
from tests.contacts.admin.test_admin import ADD, errors, page_of, typed
from tests.contacts.import_export.files import confirm, look, said
from tests.factories import make_clinician

ALIKE = ["c-1", "C\u20111", "C\u22121", "C_1", "Ｃ-1", "\u0421-1", "C-l", "C-I"]
"""What a person could take for C-1; one is Cyrillic."""


@pytest.mark.parametrize("contact_id", ALIKE, ids=ascii)
def test_ids_that_look_alike_are_alike(contact_id: str) -> None:
    assert likeness(contact_id) == likeness("C-1")


@pytest.mark.parametrize("contact_id", ["C-2", "C1", "C-11", "D-1", "1-C"])
def test_ids_that_look_different_are_not(contact_id: str) -> None:
    assert likeness(contact_id) != likeness("C-1")


def test_letters_and_digits_that_look_alike_are_alike() -> None:
    assert likeness("SO-10") == likeness("S0-1o") == likeness("\u0405\u041e-10")


@pytest.mark.django_db
@pytest.mark.parametrize("contact_id", ["c-1", "C\u20111", "\u0421-1"], ids=ascii)
def test_the_form_doubts_it_until_somebody_says_yes(
    admin_client: Client, clinician: Clinician, contact_id: str
) -> None:
    Clinician.objects.update(department="Cardiology")
    answer = admin_client.post(ADD, typed(contact_id=contact_id))

    sentence = f"{contact_id} looks like C-1, which is Clinician C-1 (Cardiology)."
    assert errors(answer)["contact_id"] == [f"{sentence} If it is somebody else, confirm that when you save."]
    assert f'name="somebody_else" value="{contact_id}"' in answer.content.decode()
    assert Clinician.objects.count() == 1

    admin_client.post(ADD, typed(contact_id=contact_id, somebody_else=contact_id))
    assert set(Clinician.objects.values_list("contact_id", flat=True)) == {"C-1", contact_id}


@pytest.mark.django_db
def test_a_yes_holds_for_the_id_that_it_was_said_of(admin_client: Client, clinician: Clinician) -> None:
    answer = admin_client.post(ADD, typed(contact_id="C_1", somebody_else="c-1"))

    assert list(errors(answer)) == ["contact_id"]


@pytest.mark.django_db
def test_an_id_that_is_not_changed_is_not_doubted_again(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("c-1", {})

    assert admin_client.post(page_of(clinician), typed(name="Another")).status_code == 302


@pytest.mark.django_db
def test_an_import_asks_before_it_adds_people_who_look_alike(
    admin_client: Client, clinician: Clinician
) -> None:
    content = "contact_id,name\nc-1,Ann\nD-2,Ben\nd-2,Cleo\nE-3,Dara\n"
    looked = look(admin_client, content)

    assert [(row.number, row.twin) for row in looked.context["comparison"].twins] == [
        (2, "c-1 looks like C-1, which is Clinician C-1."),
        (4, "d-2 looks like D-2, which is Ben."),
    ]
    assert "Row 2: c-1 looks like C-1" in looked.content.decode()
    assert said(confirm(admin_client, looked))[0].startswith("Some contact IDs look like others")
    assert Clinician.objects.count() == 1

    packed = look(admin_client, content).context["packed"]
    admin_client.post("/admin/contacts/clinician/process_import/", {"packed": packed, "somebody_else": "on"})
    assert Clinician.objects.count() == 5


@pytest.mark.django_db
def test_finding_look_alikes_takes_one_query(
    clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert contact_ids.of(["c-1", "C-1", "D-1"]) == {"c-1": clinician}
