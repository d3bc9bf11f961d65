"""Channels for the new people of a file from a preference template."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate
from tests.contacts.import_export.files import IMPORT, changes, confirm, said

pytestmark = pytest.mark.django_db

HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
FILE = (
    "contact_id,name,call_number,email,high\n"
    "C-8,Dara Murphy,+44 20 7946 0123,,\n"
    "C-9,Lee Wong,+44 20 7946 0124,lee@ward.example,call\n"
)
"""A new person without channels or e-mail, and one who brings a channel."""


@pytest.fixture
def nights(db: None) -> PreferenceTemplate:
    return PreferenceTemplate.objects.create(name="Nights", high=[CALL, EMAIL], low=[EMAIL])


def look(client: Client, template: PreferenceTemplate) -> Any:
    file = SimpleUploadedFile("people.csv", FILE.encode())
    return client.post(IMPORT, {"import_file": file, "template": template.pk})


def test_new_people_get_the_channels_that_reach_them_where_the_file_has_none(
    admin_client: Client, nights: PreferenceTemplate
) -> None:
    looked = look(admin_client, nights)

    assert [each for each in changes(looked)[2] if each[0] in {"high", "medium", "low"}] == [
        ("high", "", "call")
    ]
    page = looked.content.decode()
    assert "New people get the channels of the template “Nights”" in page
    assert "call (from the template)" in page
    assert "No e-mail address: E-mail of the template is left out." in page

    assert said(confirm(admin_client, looked)) == ["The file is imported: 2 new."]
    dara, lee = Clinician.objects.order_by("contact_id")
    assert preferences.channels_by_priority(dara) == {HIGH: [CALL], MEDIUM: [], LOW: []}
    assert preferences.channels_by_priority(lee) == {HIGH: [CALL], MEDIUM: [], LOW: [EMAIL]}
    (entry,) = dara.history.all()
    assert entry.history_change_reason == "Imported from a file, template: Nights"


def test_people_who_are_here_keep_their_channels(
    admin_client: Client, clinician: Clinician, nights: PreferenceTemplate
) -> None:
    before = preferences.channels_by_priority(clinician)
    file = SimpleUploadedFile("people.csv", b"contact_id,name\nC-1,Asha Okafor\n")

    confirm(admin_client, admin_client.post(IMPORT, {"import_file": file, "template": nights.pk}))

    clinician.refresh_from_db()
    assert clinician.name == "Asha Okafor"
    assert preferences.channels_by_priority(clinician) == before


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_template_that_changed_since_the_preview_stops_the_import(
    admin_client: Client, nights: PreferenceTemplate, *, is_deleted: bool
) -> None:
    looked = look(admin_client, nights)
    if is_deleted:
        nights.delete()
    else:
        PreferenceTemplate.objects.update(high=[EMAIL])

    (sentence,) = said(confirm(admin_client, looked))

    assert "since you looked: nothing is saved" in sentence
    assert not Clinician.objects.exists()


def test_the_choice_is_there_only_where_there_are_templates(
    admin_client: Client, nights: PreferenceTemplate
) -> None:
    label = "Channels for new people from this template"
    assert label in admin_client.get(IMPORT).content.decode()

    PreferenceTemplate.objects.all().delete()

    assert label not in admin_client.get(IMPORT).content.decode()
