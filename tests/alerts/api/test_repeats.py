"""The same message_id again: a replay where the content is the same, a conflict where it is not."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from alerts.models import Alert, Delivery
from clients import tokens
from clients.models import ApiClient
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

THREADS = 40


@pytest.mark.django_db
def test_a_replay_is_answered_with_the_stored_alert(sender: Sender, clinician: Clinician) -> None:
    first = sender.post(an_alert())

    second = sender.post(an_alert())

    assert second.status_code == 200
    assert second["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_first_answer_is_not_marked_as_a_replay(sender: Sender, clinician: Clinician) -> None:
    assert "Idempotent-Replayed" not in sender.post(an_alert())


@pytest.mark.django_db
def test_a_replay_stays_a_replay_when_the_clinician_has_become_inactive(
    sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert())
    Clinician.objects.update(active=False)

    assert sender.post(an_alert()).status_code == 200


@pytest.mark.django_db
def test_a_conflict_names_the_fields_that_differ_and_changes_nothing(
    sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert())

    answer = sender.post(an_alert(description="Other text", priority="H"))

    assert answer.status_code == 409
    assert answer.json()["differing_fields"] == ["description", "priority"]
    assert "Other text" not in answer.content.decode()
    assert Alert.objects.get().priority == "L"
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_another_clients_message_id_is_a_conflict_that_reveals_nothing(
    sender: Sender, clinician: Clinician
) -> None:
    sender.post(an_alert())
    other = Sender(tokens.issue(client=ApiClient.objects.create(name="Radiology"))[1])

    answer = other.post(an_alert())

    assert answer.status_code == 409
    assert "differing_fields" not in answer.json()
    assert "deliveries" not in answer.json()


@pytest.mark.django_db(transaction=True)
def test_forty_at_once_make_one_alert_and_39_replays(clinician: Clinician, lab: ApiClient) -> None:
    secret = tokens.issue(client=lab)[1]

    def post(_number: int) -> tuple[int, bool]:
        answer = Sender(secret).post(an_alert())
        connections.close_all()
        return answer.status_code, "Idempotent-Replayed" in answer

    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(post, range(THREADS)))

    assert answers == {(202, False): 1, (200, True): THREADS - 1}
    assert Alert.objects.count() == Delivery.objects.count() == 1
