"""Preference templates: applying them, and the history."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from contacts import preferences
from contacts.bulk import plan
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate
from tests.contacts.bulk.test_actions import apply
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


@pytest.fixture
def template() -> PreferenceTemplate:
    return PreferenceTemplate.objects.create(name="Nights", high=[CALL, SMS], medium=[SMS], low=[EMAIL])


def give(template: PreferenceTemplate, who: QuerySet[Clinician] | None = None) -> plan.BulkPlan:
    """Apply it as the list does, to everybody or to `who`."""
    chosen = Clinician.objects.all() if who is None else who
    return apply(chosen, template.wanted(), partly=True, reason=f"Template: {template.name}")


def test_a_first_template_exists() -> None:
    (found,) = PreferenceTemplate.objects.all()

    assert found.wanted() == {HIGH: [CALL, SMS], MEDIUM: [SMS], LOW: [EMAIL]}


def test_a_template_replaces_the_channels_of_everybody(template: PreferenceTemplate) -> None:
    one, other = make_clinician("C-1", {HIGH: [EMAIL]}), make_clinician("C-2", {})

    give(template)

    assert preferences.channels_by_priority(one) == template.wanted()
    assert preferences.channels_by_priority(other) == template.wanted()


def test_an_empty_priority_of_a_template_changes_nothing() -> None:
    clinician = make_clinician("C-1", {HIGH: [SMS], LOW: [EMAIL]})
    only_high = PreferenceTemplate.objects.create(name="High", high=[CALL])

    give(only_high)

    assert preferences.channels_by_priority(clinician) == {HIGH: [CALL], MEDIUM: [], LOW: [EMAIL]}


def test_a_channel_without_an_address_is_left_out_and_reported(template: PreferenceTemplate) -> None:
    clinician = make_clinician("C-1", {}, call_number="")

    done = give(template)

    assert preferences.channels_by_priority(clinician)[HIGH] == [SMS]
    assert done.missing == [plan.MissingAddress(clinician.pk, str(clinician), (CALL,))]


def test_nobody_becomes_unreachable(template: PreferenceTemplate) -> None:
    clinician = make_clinician("C-1", {MEDIUM: [EMAIL]}, sms_number="", call_number="")

    done = give(template)

    assert preferences.channels_by_priority(clinician)[MEDIUM] == [EMAIL]
    assert done.missing[0].kept == (HIGH, MEDIUM)


def test_only_changed_clinicians_get_a_history_entry(template: PreferenceTemplate) -> None:
    changing, same = make_clinician("C-1", {HIGH: [EMAIL]}), make_clinician("C-2", template.wanted())
    before = same.history.count()

    give(template)

    entry = changing.history.first()
    assert entry is not None
    assert entry.history_type == "~"
    assert entry.history_change_reason == "Template: Nights"
    assert entry.channels == {"H": ["call", "sms"], "M": ["sms"], "L": ["email"]}
    assert same.history.count() == before


def test_the_same_preferences_again_make_no_second_entry(template: PreferenceTemplate) -> None:
    clinician = make_clinician("C-1", {})
    give(template)
    before = clinician.history.count()

    preferences.replace(clinician, template.wanted())

    assert clinician.history.count() == before


def test_a_template_changes_only_the_chosen_clinicians(template: PreferenceTemplate) -> None:
    make_clinician("C-1", {})
    other = make_clinician("C-2", {})

    give(template, Clinician.objects.filter(contact_id="C-1"))

    assert not other.preferences.exists()


@pytest.mark.parametrize(
    "channels", [{}, {"high": ["pigeon"]}, {"low": [CALL, SMS, EMAIL, CALL, SMS, EMAIL, CALL]}]
)
def test_the_database_refuses_an_invalid_template(channels: dict[str, list[str]]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PreferenceTemplate.objects.create(name="Wrong", **channels)
