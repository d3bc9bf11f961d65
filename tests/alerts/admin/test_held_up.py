"""An alert that waits for something that does not work is not said to be on its way: each page says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts import channel_tests
from alerts.admin.timeline import reach
from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Retry
from alerts.models import Alert, Attempt, Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.states import Reason, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, page_of, read, store
from tests.alerts.attempt_outcomes import UNREACHABLE, Record
from tests.alerts.factories import handle
from theme.times import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everything_runs(db: None) -> None:
    """A relay and a worker that report."""
    RelayHeartbeat.objects.create(relay="relay-1")
    WorkerHeartbeat.objects.create(worker="worker-1", kind=WorkerKind.OTHERS)


@pytest.fixture
def waiting(lab: ApiClient, clinician: Clinician, record: Record) -> Alert:
    """A Medium alert, by SMS, while the provider of SMS does not answer."""
    record(Channel.SMS, *[UNREACHABLE] * 5, ago=60)
    return store(lab, "potassium-1", Priority.MEDIUM)


def test_a_page_says_which_provider_is_down_since_when_what_happens_and_what_people_can_do(
    staff: Client, waiting: Alert
) -> None:
    page = read(staff, page_of(waiting))

    assert ">Queued, held up</span>" in page
    assert "SMS: the provider has given no usable answer since " in page
    assert "Bleep tries one of the waiting messages every few seconds. That may be this one" in page
    assert "After 1 h it goes on to the clinician's next channel; if there is none, it fails" in page
    assert "reach Clinician C-1 by hand" in page
    assert 'href="tel:+447700900001"' in page
    assert "about to send it" not in page
    assert "Nothing has to be done" not in page


def test_home_says_how_many_wait_while_a_provider_is_down(staff: Client, waiting: Alert) -> None:
    home = read(staff, reverse("admin:index"))

    assert "1 message waits for it." in home
    assert "Bleep tries one every few seconds" in home
    assert "last tried" not in home


def test_home_does_not_say_that_a_provider_is_tried_while_nothing_waits(
    staff: Client, record: Record
) -> None:
    record(Channel.SMS, *[UNREACHABLE] * 5, ago=60)
    last = clock(Attempt.objects.latest("started_at").started_at, day_of=timezone.now())

    home = read(staff, reverse("admin:index"))

    assert f"It was last tried at {last}." in home
    assert "No message waits for it, so nothing has been tried since" in home
    assert "every few seconds" not in home


def test_those_who_may_not_see_numbers_are_told_whom_to_ask(waiting: Alert) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    reader = Client()
    reader.force_login(user)

    page = read(reader, page_of(waiting))

    assert reach.NOT_ALLOWED in page
    assert "tel:" not in page


def test_the_list_says_so_as_well(staff: Client, waiting: Alert) -> None:
    page = read(staff, ALERTS, {"status": "queued"})

    assert ">Queued, held up</span>" in page
    assert "SMS does not answer since " in page


def test_home_says_since_when_and_how_many_wait(staff: Client, waiting: Alert) -> None:
    page = read(staff, "/admin/")

    assert "SMS: the provider has given no usable answer since " in page
    assert "1 message waits for it." in page


def test_a_channel_test_says_so(waiting: Alert, clinician: Clinician) -> None:
    test = channel_tests.send_test(clinician=clinician, channel=Channel.SMS, by="Olive Oakes")

    result: Any = channel_tests.result(clinician, test.pk)

    assert result.sentence.startswith("SMS: the provider has given no usable answer since ")
    assert not result.is_final


def test_an_alert_that_goes_on_as_usual_is_not_held_up(
    staff: Client, lab: ApiClient, clinician: Clinician
) -> None:
    page = read(staff, page_of(store(lab, "usual-1", Priority.MEDIUM)))

    assert ">Queued</span>" in page
    assert "held up" not in page


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("relay", "the part that starts every message has not reported since "),
        ("worker", "the part that sends Medium alerts has not reported since "),
        ("queue", "nothing has taken it"),
        ("lease", "The part of Bleep that was sending it has stopped"),
        ("rate", "AWS takes only so many messages in a second."),
    ],
)
def test_every_other_cause_has_a_sentence(
    staff: Client, lab: ApiClient, clinician: Clinician, broken: str, said: str
) -> None:
    alert, long_ago = store(lab, "waits-1", Priority.MEDIUM), Now() - timedelta(minutes=4)
    match broken:
        case "relay":
            RelayHeartbeat.objects.update(beat_at=long_ago)
        case "worker":
            WorkerHeartbeat.objects.update(beat_at=long_ago)
        case "lease":
            claims.claim(Delivery.objects.get().pk)
            Delivery.objects.update(lease_expires_at=long_ago)
        case "queue":
            Delivery.objects.update(available_at=long_ago)
        case "rate":
            Delivery.objects.update(created_at=long_ago, available_at=Now() + timedelta(minutes=1))

    page = read(staff, page_of(alert))

    assert ">Queued, held up</span>" in page
    assert said in page


def test_a_retry_that_has_its_time_is_said_and_is_not_held_up(
    staff: Client, lab: ApiClient, clinician: Clinician
) -> None:
    alert = store(lab, "again-1", Priority.MEDIUM)
    claimed = claims.claim(Delivery.objects.get().pk)
    assert claimed
    error = ChannelError(Fault.UNSENT, Reason.UNREACHABLE, "EndpointConnectionError")
    lifecycle.mark_failed(claimed, error, Retry(timedelta(minutes=1)))

    page = read(staff, page_of(alert))

    assert "It will be tried again at" in page
    assert "held up" not in page


def test_an_alert_that_staff_have_ended_is_not_held_up(staff: Client, waiting: Alert) -> None:
    handle(StaffAction.CANCEL, waiting.pk, by=User.objects.get())

    assert "held up" not in read(staff, page_of(waiting))
