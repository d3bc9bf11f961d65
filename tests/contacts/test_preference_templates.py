"""Templates of preferences: applied as far as the addresses go, with a history, in few queries."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from contacts import preference_templates, preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate
from tests.conftest import make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


@pytest.fixture
def template() -> PreferenceTemplate:
    return PreferenceTemplate.objects.create(name="Nights", high=[CALL, SMS], medium=[SMS], low=[EMAIL])


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("editor")


def everybody() -> QuerySet[Clinician]:
    return Clinician.objects.all()


def test_one_is_there_from_the_start() -> None:
    (found,) = PreferenceTemplate.objects.all()

    assert found.wanted() == {HIGH: [CALL, SMS], MEDIUM: [SMS], LOW: [EMAIL]}


def test_it_gives_everybody_its_channels(template: PreferenceTemplate, editor: User) -> None:
    one, other = make_clinician("C-1", {HIGH: [EMAIL]}), make_clinician("C-2", {})

    preference_templates.apply(template, everybody(), editor)

    assert preferences.channels_by_priority(one) == template.wanted()
    assert preferences.channels_by_priority(other) == template.wanted()


def test_a_priority_that_it_leaves_empty_stays(editor: User) -> None:
    clinician = make_clinician("C-1", {HIGH: [SMS], LOW: [EMAIL]})
    only_high = PreferenceTemplate.objects.create(name="High", high=[CALL])

    preference_templates.apply(only_high, everybody(), editor)

    assert preferences.channels_by_priority(clinician) == {HIGH: [CALL], MEDIUM: [], LOW: [EMAIL]}


def test_a_channel_without_an_address_is_left_out_and_said(
    template: PreferenceTemplate, editor: User
) -> None:
    clinician = make_clinician("C-1", {}, call_number="")

    (effect,) = preference_templates.apply(template, everybody(), editor)

    assert preferences.channels_by_priority(clinician)[HIGH] == [SMS]
    assert effect.missing == {HIGH: [CALL]}
    assert effect.kept == []


def test_nobody_becomes_unreachable(template: PreferenceTemplate, editor: User) -> None:
    clinician = make_clinician("C-1", {MEDIUM: [EMAIL]}, sms_number="", call_number="")

    (effect,) = preference_templates.apply(template, everybody(), editor)

    assert preferences.channels_by_priority(clinician)[MEDIUM] == [EMAIL]
    assert effect.kept == [HIGH, MEDIUM]


def test_whoever_changes_has_an_entry_and_whoever_does_not_has_none(
    template: PreferenceTemplate, editor: User
) -> None:
    changing, same = make_clinician("C-1", {HIGH: [EMAIL]}), make_clinician("C-2", template.wanted())
    before = same.history.count()

    preference_templates.apply(template, everybody(), editor)

    entry = changing.history.first()
    assert entry is not None
    assert (entry.history_user, entry.history_type) == (editor, "~")
    assert entry.history_change_reason == "Template: Nights"
    assert entry.channels == {"H": ["call", "sms"], "M": ["sms"], "L": ["email"]}
    assert same.history.count() == before


def test_an_edit_after_it_makes_no_second_entry_where_nothing_changed(
    template: PreferenceTemplate, editor: User
) -> None:
    clinician = make_clinician("C-1", {})
    preference_templates.apply(template, everybody(), editor)
    before = clinician.history.count()

    preferences.replace(clinician, template.wanted())

    assert clinician.history.count() == before


def test_it_touches_nobody_who_was_not_chosen(template: PreferenceTemplate, editor: User) -> None:
    make_clinician("C-1", {})
    other = make_clinician("C-2", {})

    preference_templates.apply(template, Clinician.objects.filter(contact_id="C-1"), editor)

    assert not other.preferences.exists()


def test_as_many_queries_for_a_thousand_as_for_ten(template: PreferenceTemplate, editor: User) -> None:
    def queries(count: int) -> int:
        Clinician.objects.all().delete()
        Clinician.objects.bulk_create(
            Clinician(contact_id=f"C-{number}", name="Clinician", sms_number="+447700900001")
            for number in range(count)
        )
        with CaptureQueriesContext(connection) as captured:
            preference_templates.apply(template, everybody(), editor)
        return len(captured)

    assert queries(10) == queries(1000)


@pytest.mark.parametrize("channels", [{}, {"high": ["pigeon"]}, {"low": [CALL, SMS, EMAIL, CALL]}])
def test_the_database_refuses_what_is_no_template(channels: dict[str, list[str]]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PreferenceTemplate.objects.create(name="Wrong", **channels)
