"""What staff/ adds to a clinician's page: reachability, tests and recent alerts, and who sees them."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import intake
from alerts.channels import ADAPTERS
from alerts.models import Alert, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.sending import breaker
from alerts.states import AlertState, Reason
from contacts.choices import Channel, Priority
from contacts.models import Clinician, Obstacle
from staff.clinician import reachability
from staff.roles import Role
from tests.aws import Aws
from tests.factories import an_alert, make_clinician
from tests.staff.users import SUPERUSER, make_records, make_user

pytestmark = pytest.mark.django_db

EDITOR, OPERATOR, AUDITOR = Role.PREFERENCE_EDITORS.value, Role.OPERATORS.value, Role.AUDITORS.value


def browser_of(person: str) -> Client:
    client = Client()
    client.force_login(make_user(person))
    return client


def page_of(clinician: Clinician, page: str = "change/") -> str:
    return f"/admin/contacts/clinician/{clinician.pk}/{page}"


def reach(clinician: Clinician, channel: str) -> tuple[str, str]:
    answer: Any = browser_of(AUDITOR).get(page_of(clinician, f"reachability/{channel}/")).json()
    return answer["kind"], answer["sentence"]


def never_asked(recipient: str, address: str) -> Reason | None:
    pytest.fail("AWS was asked.")


def send(client: Client, clinician: Clinician, channel: str = "sms") -> Any:
    return client.post(page_of(clinician, "tests/"), {"channel": channel})


def test_a_number_that_has_opted_out_is_reported(aws: Aws) -> None:
    clinician = make_clinician("C-1", {}, sms_number="+447700900999")  # the stand-in's sign for it

    assert reach(clinician, "sms") == (
        "risk",
        "Nothing arrives here: this number has opted out of SMS. The person must opt in again.",
    )


def test_a_number_that_has_not_opted_out_is_reported_as_good(aws: Aws, clinician: Clinician) -> None:
    assert reach(clinician, "sms") == ("good", "This number has not opted out of SMS.")


def test_the_page_remembers_and_forgets_what_aws_said(aws: Aws) -> None:
    clinician = make_clinician("C-1", {Priority.MEDIUM: [Channel.SMS]}, sms_number="+447700900999")
    reach(clinician, "sms")
    assert Obstacle.objects.get().kind == "opted_out"

    Clinician.objects.update(sms_number="+447700900002")
    Obstacle.objects.update(address="+447700900002")  # as if that number had opted in again
    clinician.refresh_from_db()
    assert reach(clinician, "sms") == ("good", "This number has not opted out of SMS.")
    assert not Obstacle.objects.exists()


def test_the_last_known_obstacle_is_shown_while_aws_does_not_answer(aws: Aws, clinician: Clinician) -> None:
    Obstacle.objects.create(
        clinician=clinician, channel=Channel.SMS, address=clinician.sms_number, kind="opted_out"
    )
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "throttle")

    kind, sentence = reach(clinician, "sms")

    assert (kind, "this number has opted out of SMS (known since" in sentence) == ("risk", True)


def test_without_an_answer_from_aws_reachability_is_unknown(aws: Aws, clinician: Clinician) -> None:
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "throttle")

    kind, sentence = reach(clinician, "sms")

    assert (kind, sentence.startswith("Bleep cannot tell")) == ("unknown", True)


def test_a_channel_without_an_answer_is_not_asked_again_for_a_while(
    aws: Aws, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "throttle")
    assert reach(clinician, "sms")[0] == "unknown"
    monkeypatch.setitem(ADAPTERS, Channel.SMS, replace(ADAPTERS[Channel.SMS], check_address=never_asked))

    assert reach(clinician, "sms")[0] == "unknown"


def test_a_channel_that_is_down_is_not_asked(clinician: Clinician, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "is_down", lambda channel: channel is Channel.SMS)
    monkeypatch.setitem(ADAPTERS, Channel.SMS, replace(ADAPTERS[Channel.SMS], check_address=never_asked))

    assert reach(clinician, "sms")[0] == "unknown"


def test_no_more_than_two_threads_wait_for_aws(clinician: Clinician, monkeypatch: pytest.MonkeyPatch) -> None:
    asking: list[str] = []

    def ask_while_another_asks(recipient: str, address: str) -> Reason | None:
        asking.append(recipient)
        return reachability.obstacle(clinician, Channel.SMS)

    monkeypatch.setitem(
        ADAPTERS, Channel.SMS, replace(ADAPTERS[Channel.SMS], check_address=ask_while_another_asks)
    )

    for times in (2, 4):  # and finished threads make room
        with pytest.raises(reachability.NotKnown):
            reachability.obstacle(clinician, Channel.SMS)
        assert len(asking) == times


@pytest.mark.parametrize("channel", ["call", "pigeon"])
def test_a_channel_that_cannot_be_asked_is_a_404(clinician: Clinician, channel: str) -> None:
    answer = browser_of(AUDITOR).get(page_of(clinician, f"reachability/{channel}/"))

    assert answer.status_code == 404


def test_a_missing_address_is_a_404() -> None:
    clinician = make_clinician("C-1", {}, sms_number="")

    assert browser_of(AUDITOR).get(page_of(clinician, "reachability/sms/")).status_code == 404


@pytest.mark.parametrize("person", [EDITOR, OPERATOR, SUPERUSER])
def test_a_test_is_stored_and_has_a_result(clinician: Clinician, person: str) -> None:
    client = browser_of(person)

    result = client.get(send(client, clinician).json()["result"]).json()

    assert (result["kind"], result["is_final"]) == ("waiting", False)
    assert Alert.objects.tests().get().deliveries.get().channel == Channel.SMS


def test_the_sender_of_a_test_is_logged(clinician: Clinician) -> None:
    send(browser_of(EDITOR), clinician)

    entry = LogEntry.objects.get()
    assert entry.object_id == str(clinician.pk)
    assert entry.get_change_message() == "Sent a test: SMS."
    assert entry.user.get_username() in Alert.objects.get().description


@pytest.mark.parametrize(("person", "sees"), [(EDITOR, True), (OPERATOR, True), (AUDITOR, False)])
def test_users_who_may_send_tests_see_the_latest_one(clinician: Clinician, person: str, sees: bool) -> None:
    RelayHeartbeat.objects.create(relay="relay-1")
    WorkerHeartbeat.objects.create(worker="worker-1", kind=WorkerKind.OTHERS)
    result = send(browser_of(EDITOR), clinician).json()["result"]

    page = browser_of(person).get(page_of(clinician)).content.decode()

    assert ("It is waiting to be sent." in page) is sees
    assert (f'data-result="{result}"' in page) is sees


def test_auditors_may_not_send_tests(clinician: Clinician) -> None:
    assert send(browser_of(AUDITOR), clinician).status_code == 403
    assert not Alert.objects.exists()


def test_a_second_test_is_refused_while_the_first_is_pending(clinician: Clinician) -> None:
    client = browser_of(EDITOR)
    send(client, clinician)

    answer = send(client, clinician).json()

    assert (answer["kind"], answer["is_final"]) == ("error", True)
    assert "still on its way" in answer["sentence"]
    assert Alert.objects.count() == LogEntry.objects.count() == 1


def test_a_channel_that_does_not_exist_is_refused(clinician: Clinician) -> None:
    assert send(browser_of(EDITOR), clinician, "pigeon").status_code == 404


def test_a_test_needs_a_csrf_token(clinician: Clinician) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept": "text/html"})
    client.force_login(make_user(EDITOR))

    assert send(client, clinician).status_code == 403


@pytest.mark.parametrize(("person", "sees"), [(EDITOR, False), (OPERATOR, True), (AUDITOR, True)])
def test_recent_alerts_need_permission_to_view_alerts(person: str, sees: bool) -> None:
    records = make_records()

    page = browser_of(person).get(page_of(records.clinician)).content.decode()

    assert ("recent-alerts" in page) is sees
    assert "change-history" in page
    assert ("data-tests" in page) is (person != AUDITOR)


def test_a_recent_alert_that_staff_dealt_with_says_so() -> None:
    records = make_records()
    Alert.objects.filter(pk=records.alert.pk).update(state=AlertState.CLOSED)

    page = browser_of(OPERATOR).get(page_of(records.clinician)).content.decode()

    assert "Failed, dealt with" in page


def test_the_page_takes_as_many_queries_with_many_alerts() -> None:
    records = make_records()
    client = browser_of(SUPERUSER)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(records.clinician)).status_code == 200
        return len(captured)

    queries()  # the first of a process also looks up the content types
    few = queries()
    for number in range(30):
        new = intake.NewAlert(**{**an_alert(message_id=f"more-{number}"), "priority": Priority.HIGH})
        intake.accept(client=records.client, new=new)

    assert queries() == few < 20
