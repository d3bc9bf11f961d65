"""One trace from the POST to the person's answer, over all the processes that work on it; and nothing private in it."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from django.db import connection, transaction
from django.db.models.functions import Now

from alerts import intake
from alerts.models import Attempt, Delivery
from clients import tokens
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.aws import Aws
from tests.config.tracing.traced import Traced, traced
from tests.factories import an_alert
from tests.processes import wait_until

DESCRIPTION, REFERENCE, MESSAGE, STRANGER = "zebrafinch results", "447722119", "order-zq-5512", "C-zq-nobody"
PRIVATE = (
    DESCRIPTION,
    "zebrafinch",
    REFERENCE,
    MESSAGE,
    STRANGER,
    "7700900001",
    "7700900002",
    "ward.example",
    "Clinician C-1",
)
"""What must not be in any span."""


@pytest.fixture(scope="module")
def bleep(
    django_db_setup: None, aws_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traced]:
    """A web service, a relay and a worker that are traced."""
    with traced("web-api", "relay", "worker", directory=tmp_path_factory.mktemp("traced"), env={}) as found:
        yield found


@pytest.fixture
def token(transactional_db: None, clinician: Clinician) -> str:
    return tokens.issue(client=ApiClient.objects.create(name="Lab system"))[1]


def post(bleep: Traced, token: str, **changes: str) -> requests.Response:
    ours = {"description": DESCRIPTION, "patient_id": REFERENCE, "message_id": MESSAGE, "priority": "H"}
    body = an_alert(**{**ours, **changes})
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "tracing"}
    return requests.post(f"{bleep.url}/notification", json=body, headers=headers, timeout=10)


def test_an_alert_is_one_trace_from_the_post_to_the_answers(bleep: Traced, token: str, aws: Aws) -> None:
    aws.misbehave("connect:StartOutboundVoiceContact", "no_answer", to="+447700900001")
    aws.misbehave("sns:Publish", "reject", to="+447700900002")  # its message quotes the number

    assert post(bleep, token).status_code == 202
    wait_until(
        lambda: Delivery.objects.filter(state="failed").exists(), what="the SMS was refused", seconds=30
    )

    call, sms = Delivery.objects.order_by("created_at")
    assert call.traceparent == sms.traceparent
    wait_until(
        lambda: sum(each["name"] == "deliver" for each in bleep.trace(call.traceparent)) == 2,
        what="it is exported",
    )
    (tree,) = bleep.trees(of=call.traceparent)
    assert tree.outline() == (
        "POST notification",
        [
            "hand over",
            ("deliver", ["claim", ("send", ["Connect.StartOutboundVoiceContact"]), "record"]),
            ("ask", ["Connect.DescribeContact"]),
            "hand over",
            ("deliver", ["claim", ("send", ["SNS.CheckIfPhoneNumberIsOptedOut", "SNS.Publish"]), "record"]),
        ],
    )
    handed, called, asked, again, texted = tree.children
    # The relay asks by itself until a worker has reported.
    assert {each.service for each in (handed, again)} == {"bleep-relay"}
    assert {each.service for each in (called, texted)} == {"bleep-worker"}
    assert (tree.service, tree.fact("http.response.status_code")) == ("bleep-web-api", 202)
    assert (handed.fact("bleep.delivery_id"), handed.fact("bleep.queue")) == (str(call.pk), "urgent")
    assert (called.fact("bleep.channel"), called.fact("bleep.attempt"), called.fact("bleep.priority")) == (
        "call",
        1,
        "H",
    )
    assert (asked.fact("bleep.outcome"), asked.fact("bleep.reason")) == ("undelivered", "not_answered")
    assert again.fact("bleep.delivery_id") == str(sms.pk)
    (send,) = texted.named("send")
    assert (send.fact("bleep.reason"), send.span["status"]) == ("invalid_address", {"status_code": "ERROR"})
    for part, event in (("web-api", "request"), ("worker", "attempt.failed")):
        lines = [json.loads(each) for each in bleep.log(part).splitlines() if call.traceparent[3:35] in each]
        assert event in {line["event"] for line in lines if line["trace_id"] == call.traceparent[3:35]}


def test_a_worker_that_died_is_seen_in_the_trace(bleep: Traced, token: str) -> None:
    began = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
    new = intake.NewAlert(**{**an_alert(contact_id="C-1"), "priority": Priority.MEDIUM})
    with transaction.atomic():  # the relay sees it once its lease has run out
        alert = intake.accept(client=ApiClient.objects.get(), new=new).alert
        Delivery.objects.update(
            traceparent=began,
            state="sending",
            attempt_count=1,
            lease_token=uuid.uuid4(),
            lease_expires_at=Now() - timedelta(seconds=1),
        )
        Attempt.objects.create(delivery=alert.deliveries.get(), channel=Channel.SMS, number=1)

    wait_until(lambda: any(each["name"] == "recover" for each in bleep.trace(began)), what="it was recovered")

    (span,) = [each for each in bleep.trace(began) if each["name"] == "recover"]
    assert (span["parent_id"], span["attributes"]["bleep.reason"]) == ("0x00f067aa0ba902b7", "worker_lost")


def test_no_span_has_an_address_a_text_or_a_reference(bleep: Traced, token: str, aws: Aws) -> None:
    """After those above, too: the file has the spans of all of them. The 500's exception quotes the whole row."""
    assert post(bleep, token, contact_id=STRANGER).status_code == 422
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE alerts_alert ADD CONSTRAINT refuse CHECK (description <> '{DESCRIPTION}')"
        )
        try:
            assert post(bleep, token, priority="L").status_code == 500
        finally:
            cursor.execute("ALTER TABLE alerts_alert DROP CONSTRAINT refuse")
    assert post(bleep, token, priority="L").status_code == 202
    url = f"{bleep.url}/notification/{MESSAGE}?x={REFERENCE}"
    headers = {
        "Authorization": f"Bearer {token}",
        "tracestate": f"lab={REFERENCE}",
        "baggage": f"patient={REFERENCE}",
    }
    headers["traceparent"] = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
    assert requests.get(url, headers=headers, timeout=10).status_code in (200, 400)
    wait_until(lambda: bleep.trace(headers["traceparent"]), what="the last request is exported")

    text = bleep.file.read_text()

    statuses = {each["attributes"].get("http.response.status_code") for each in bleep.spans()}
    assert {202, 422, 500} <= statuses
    assert [each for each in (*PRIVATE, token) if each in text] == []


def test_nothing_is_traced_while_no_alert_is_due(bleep: Traced, token: str) -> None:
    """Relay, worker and probes talk to the database all the time."""
    before = len(bleep.spans())

    for path in ("healthz", "readyz", "intake-check"):
        requests.get(f"{bleep.url}/{path}", timeout=10)
    post(bleep, token, priority="L")
    wait_until(lambda: len(bleep.spans()) > before, what="the POST is exported")

    starts = [each["name"] for each in bleep.spans() if each["parent_id"] is None]
    assert set(starts) <= {"POST notification", "GET notification/<path:message_id>"}
