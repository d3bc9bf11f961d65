"""Two users edit one clinician: neither undoes the other's change without knowing."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.contacts.admin.test_admin import ADD, LIST, page_of, typed

pytestmark = pytest.mark.django_db

SMS, EMAIL = Channel.SMS, Channel.EMAIL
TYPED = typed()
OLD, NEW = TYPED["call_number"], "+447700900123"


@pytest.fixture
def colleague(db: None) -> Client:
    user = User.objects.create_superuser("olive", first_name="Olive", last_name="Oakes")
    client = Client()
    client.force_login(user)
    return client


def opened(client: Client, clinician: Clinician) -> dict[str, str]:
    """The hidden version of the opened page."""
    return {"seen": str(client.get(page_of(clinician)).context["version"])}


def refusal(answer: Any) -> str:
    assert answer.status_code == 200, "it was saved"
    return " ".join(answer.context["adminform"].form.non_field_errors())


def sent_again(answer: Any) -> dict[str, str]:
    """The refused form, sent again without a change."""
    form = answer.context["adminform"].form
    sent = {name: value for name, value in form.data.items() if name != "csrfmiddlewaretoken"}
    return {**sent, "seen": str(answer.context["version"])}


def test_an_edit_does_not_undo_a_colleague_s_change(
    admin_client: Client, colleague: Client, clinician: Clinician
) -> None:
    seen = opened(admin_client, clinician)
    colleague.post(page_of(clinician), typed(call_number=NEW))

    answer = admin_client.post(page_of(clinician), typed(department="Surgery", **seen))

    assert "Nothing is saved: Olive Oakes changed this clinician at " in refusal(answer)
    assert "Please correct the error" not in answer.content.decode()
    page = " ".join(answer.content.decode().split())
    assert f"it was {OLD}, and is {NEW} now. You left it alone, so the new value is below." in page
    clinician.refresh_from_db()
    assert (clinician.call_number, clinician.department) == (NEW, "")

    assert admin_client.post(page_of(clinician), sent_again(answer)).status_code == 302
    clinician.refresh_from_db()
    assert (clinician.call_number, clinician.department) == (NEW, "Surgery")


def test_a_field_changed_by_both_keeps_the_entered_value(
    admin_client: Client, colleague: Client, clinician: Clinician
) -> None:
    seen = opened(admin_client, clinician)
    colleague.post(page_of(clinician), typed(high="sms", active=""))

    answer = admin_client.post(page_of(clinician), typed(high="email", **seen))

    page = " ".join(answer.content.decode().split())
    assert "it was Telephone call → SMS, and is SMS now. You entered E-mail, which replaces it" in page
    assert "it was Yes, and is No now. You left it alone" in page
    admin_client.post(page_of(clinician), sent_again(answer))
    clinician.refresh_from_db()
    assert not clinician.active
    assert preferences.channels_by_priority(clinician)[Priority.HIGH] == [EMAIL]


def test_a_colleague_s_reverted_change_does_not_conflict(
    admin_client: Client, colleague: Client, clinician: Clinician
) -> None:
    seen = opened(admin_client, clinician)
    colleague.post(page_of(clinician), typed(call_number=NEW))
    colleague.post(page_of(clinician), typed())

    assert admin_client.post(page_of(clinician), typed(role="Registrar", **seen)).status_code == 302


def test_the_same_save_twice_does_not_conflict(admin_client: Client, clinician: Clinician) -> None:
    seen = opened(admin_client, clinician)

    for _ in range(2):
        assert admin_client.post(page_of(clinician), typed(role="Registrar", **seen)).status_code == 302


def test_a_new_clinician_saved_twice_is_added_once(admin_client: Client) -> None:
    admin_client.post(ADD, typed())

    answer = admin_client.post(ADD, typed())

    assert "If you pressed Save twice, they are saved" in answer.content.decode()
    assert Clinician.objects.count() == 1


def test_the_preview_ignores_conflicts(admin_client: Client, colleague: Client, clinician: Clinician) -> None:
    seen = opened(admin_client, clinician)
    colleague.post(page_of(clinician), typed(call_number=NEW))

    answer = admin_client.post(page_of(clinician).replace("change", "preview"), typed(**seen)).json()

    assert answer["errors"] == {}


def test_saving_a_deleted_clinician_names_who_deleted_them(
    admin_client: Client, colleague: Client, clinician: Clinician
) -> None:
    seen = opened(admin_client, clinician)
    colleague.post(page_of(clinician).replace("change", "delete"), {"post": "yes"})

    answer = admin_client.post(page_of(clinician), typed(**seen), follow=True)

    (said,) = answer.context["messages"]
    assert str(said).startswith("Olive Oakes deleted Clinician C-1 (C-1) at ")
    assert answer.redirect_chain[-1][0] == LIST


def test_a_locked_clinician_is_not_saved_and_the_form_keeps_its_values(
    admin_client: Client, clinician: Clinician, held: None
) -> None:
    answer = admin_client.post(page_of(clinician), typed(role="Registrar"))

    assert refusal(answer).startswith("Somebody is changing many clinicians at this moment")
    assert 'value="Registrar"' in answer.content.decode()
    clinician.refresh_from_db()
    assert clinician.role == ""
