"""Reading and replacing preferences."""

import threading
from collections.abc import Sequence

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests import locks
from tests.processes import wait_until

HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


@pytest.mark.django_db
def test_channels_keep_their_order(clinician: Clinician) -> None:
    preferences.replace(clinician, {HIGH: [EMAIL, CALL, SMS]})

    assert preferences.channels_by_priority(clinician)[HIGH] == [EMAIL, CALL, SMS]


@pytest.mark.django_db
def test_positions_decide_the_order(clinician: Clinician) -> None:
    preferences.replace(clinician, {HIGH: []})
    for position, channel in ((3, CALL), (1, SMS), (2, EMAIL)):
        clinician.preferences.create(priority=HIGH, position=position, channel=channel)

    assert preferences.channels_by_priority(clinician)[HIGH] == [SMS, EMAIL, CALL]


@pytest.mark.django_db
def test_a_priority_that_is_not_named_keeps_its_channels(clinician: Clinician) -> None:
    preferences.replace(clinician, {MEDIUM: [CALL]})

    assert preferences.channels_by_priority(clinician) == {HIGH: [CALL, SMS], MEDIUM: [CALL], LOW: [EMAIL]}


@pytest.mark.django_db
def test_an_empty_list_removes_a_priority_s_channels(clinician: Clinician) -> None:
    preferences.replace(clinician, {HIGH: []})

    assert preferences.channels_by_priority(clinician) == {HIGH: [], MEDIUM: [SMS], LOW: [EMAIL]}


@pytest.mark.django_db
def test_another_clinician_does_not_change(clinician: Clinician) -> None:
    other = Clinician.objects.create(contact_id="C-2", name="Clinician C-2", email="other@ward.example")
    preferences.replace(other, {HIGH: [EMAIL]})

    preferences.replace(clinician, {HIGH: [SMS]})

    assert preferences.channels_by_priority(other) == {HIGH: [EMAIL], MEDIUM: [], LOW: []}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ([CALL] * 4, "High: Telephone call is chosen 4 times: choose it 3 times at most."),
        ([CALL, SMS] * 3 + [SMS], "SMS is chosen 4 times.*7 channels are chosen: choose 6 at most."),
        ([SMS, EMAIL], "High: E-mail needs “E-mail address”: fill it in above, or choose another channel."),
    ],
)
def test_invalid_channels_are_refused_and_nothing_changes(
    clinician: Clinician, channels: Sequence[Channel], message: str
) -> None:
    Clinician.objects.update(email="")

    with pytest.raises(ValueError, match=message):
        preferences.replace(clinician, {LOW: [], HIGH: channels})

    assert preferences.channels_by_priority(clinician) == {HIGH: [CALL, SMS], MEDIUM: [SMS], LOW: [EMAIL]}


@pytest.mark.django_db
def test_prefetched_preferences_are_read_without_a_query(
    clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    prefetched = Clinician.objects.prefetch_related("preferences").get()

    with django_assert_num_queries(0):
        assert preferences.channels_by_priority(prefetched)[HIGH] == [CALL, SMS]


@pytest.mark.django_db(transaction=True)
def test_the_later_of_two_editors_wins_as_a_whole(clinician: Clinician) -> None:
    def replace_as_the_other_editor() -> None:
        try:
            preferences.replace(clinician, {HIGH: [EMAIL], LOW: [SMS, CALL]})
        finally:
            connection.close()

    other = threading.Thread(target=replace_as_the_other_editor)
    with transaction.atomic():
        preferences.replace(clinician, {HIGH: [SMS, CALL], LOW: [CALL]})
        other.start()
        wait_until(locks.waiting, what="the second editor waits for the first")
    other.join(10)

    assert preferences.channels_by_priority(clinician) == {HIGH: [EMAIL], MEDIUM: [SMS], LOW: [SMS, CALL]}


@pytest.mark.django_db(transaction=True)
def test_an_alert_does_not_wait_for_an_editor(clinician: Clinician) -> None:
    written = threading.Event()

    def refer_to_the_clinician() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                # What PostgreSQL itself does when an alert for this clinician is inserted.
                cursor.execute("SELECT 1 FROM contacts_clinician WHERE id = %s FOR KEY SHARE", [clinician.pk])
            written.set()
        finally:
            connection.close()

    other = threading.Thread(target=refer_to_the_clinician)
    with transaction.atomic():
        preferences.replace(clinician, {HIGH: [SMS]})
        other.start()
        other.join(10)

    assert written.is_set()
