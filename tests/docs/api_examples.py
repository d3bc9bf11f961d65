"""The conversations that docs/api.md shows: each has Bleep say one thing."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.utils import OperationalError
from django.test import Client

from alerts import intake
from alerts.escalation import steps
from alerts.models import Alert, Delivery, Loop
from alerts.sending import send
from alerts.states import AlertState, DeliveryState, Proof, ResponseKind
from clients import sample, tokens
from clients.models import Access, ApiClient
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.escalation.factories import answer
from tests.aws import Aws
from tests.oncall.factories import make_colleague, make_plan
from tests.processes import wait_until

SHOWN = (
    "Location",
    "Idempotent-Replayed",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "Content-Type",
)


class Hospital:
    """A hospital system that talks to Bleep, and keeps what was said for the page."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.monkeypatch = monkeypatch
        self.client = ApiClient.objects.create(name="Lab system")
        self.token = tokens.issue(client=self.client)[1]
        self.clinician = Clinician.objects.create(
            contact_id="C-1",
            name="Clinician One",
            call_number="+447700900001",
            sms_number="+447700900001",
            email="one@ward.example",
        )
        wanted = {
            Priority.HIGH: [Channel.CALL, Channel.SMS],
            Priority.MEDIUM: [Channel.SMS, Channel.EMAIL],
            Priority.LOW: [Channel.EMAIL],
        }
        preferences.replace(self.clinician, wanted)
        aws.subscribe(self.clinician)

    def send(
        self,
        body: str | None = None,
        *,
        token: str | None = None,
        kind: str = "application/json",
        **more: Any,
    ) -> str:
        """POST the sample with changes, or `body` as it stands; `prefer` is a header. Give both sides as text."""
        prefer = more.pop("prefer", None)
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        if prefer:
            headers["Prefer"] = prefer
        if token == "":
            del headers["Authorization"]
        sent = json.dumps({**sample.ALERT, **more}, indent=2) if body is None else body
        answer = Client(raise_request_exception=False).post(
            "/notification", sent, content_type=kind, headers=headers
        )
        shown = {**headers, "Content-Type": kind}
        if "Authorization" in headers and not token:
            shown["Authorization"] = "Bearer <token>"
        short = sent if len(sent) < 1000 else f"... {len(sent):,} bytes ..."
        return _said("POST /notification", shown, short, answer)

    def withdraw(self, message_id: str) -> str:
        """POST to the address that withdraws an alert, and give both sides as text."""
        path = f"/notification/{message_id}/withdraw"
        answer = Client().post(path, headers={"Authorization": f"Bearer {self.token}"})
        return _said(f"POST {path}", {"Authorization": "Bearer <token>"}, "", answer)

    def plan(self) -> Clinician:
        """Have High alerts ask the clinician, then a colleague."""
        colleague = make_colleague("C-2", call_number="+447700900201", sms_number="+447700900202", email="")
        make_plan(None, colleague)
        return colleague

    def ask(self, path: str, token: str | None = None) -> str:
        """GET a path, and give both sides as text."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        answer = Client(SERVER_NAME="localhost").get(path, headers=headers)
        return _said(f"GET {path}", {"Authorization": "Bearer <token>"}, "", answer)

    def deliver(self) -> None:
        """Do what the workers do, until nothing is due any more."""
        while due := Delivery.objects.filter(state=DeliveryState.PENDING).first():
            send.deliver(due.pk)

    def reject(self, operation: str, kind: str = "reject", **more: Any) -> None:
        """Have AWS's stand-in refuse the next call of an operation."""
        self.aws.misbehave(operation, kind, times=1, **more)


def _said(first: str, headers: dict[str, str], body: str, answer: Any) -> str:
    asked = "\n".join([first, *(f"{name}: {value}" for name, value in headers.items())])
    written = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    written += [f"{name}: {answer[name]}" for name in SHOWN if name in answer]
    shown = json.dumps(answer.json(), indent=2)
    return "\n\n".join(part for part in (asked, body, "\n".join(written), shown) if part) + "\n"


def stored(lab: Hospital) -> str:
    return lab.send()


def repeated(lab: Hospital) -> str:
    lab.send()
    lab.deliver()
    return lab.send()


def conflict(lab: Hospital) -> str:
    lab.send()
    return lab.send(priority="H")


def taken(lab: Hospital) -> str:
    lab.send(token=tokens.issue(client=ApiClient.objects.create(name="Another"))[1])
    return lab.send()


def waited(lab: Hospital) -> str:
    worker = threading.Thread(target=_work_once, args=(lab,))
    worker.start()
    said = lab.send(message_id="124", priority="M", prefer="wait=10")
    worker.join()
    return said


def _work_once(lab: Hospital) -> None:
    try:
        wait_until(Delivery.objects.exists, what="the alert is stored")
        lab.deliver()
    finally:
        connections.close_all()


def failed_over(lab: Hospital) -> str:
    lab.reject("connect:StartOutboundVoiceContact")
    lab.send(message_id="125", priority="H")
    lab.deliver()
    return lab.ask("/notification/125")


def failed(lab: Hospital) -> str:
    lab.reject("sns:Publish", code="OptedOut")
    lab.aws.unsubscribe(lab.clinician)
    lab.send(message_id="126", priority="M")
    lab.deliver()
    return lab.ask("/notification/126")


def in_doubt(lab: Hospital) -> str:
    lab.reject("sns:Publish", "reset_after")
    lab.send(message_id="127", priority="M")
    lab.deliver()
    return lab.ask("/notification/127")


def asked(lab: Hospital) -> str:
    lab.plan()
    return lab.send(message_id="140", priority="H")


def accepted(lab: Hospital) -> str:
    lab.plan()
    lab.send(message_id="140", priority="H")
    lab.deliver()
    alert = Alert.objects.get()
    answer(alert, "C-1", ResponseKind.DECLINE, proof=Proof.SMS)
    steps.take_up_due()
    answer(alert, "C-2", proof=Proof.CALL_KEY)
    return lab.ask("/notification?message_id=140")


def waited_for_an_answer(lab: Hospital) -> str:
    lab.plan()
    person = threading.Thread(target=_accept_once)
    person.start()
    said = lab.send(message_id="141", priority="H", prefer="wait=25, outcome=answered")
    person.join()
    return said


def _accept_once() -> None:
    try:
        wait_until(Loop.objects.exists, what="the alert is stored")
        answer(Alert.objects.get(), "C-1", proof=Proof.LINK)
    finally:
        connections.close_all()


def withdrawn(lab: Hospital) -> str:
    lab.plan()
    lab.send(message_id="142", priority="H")
    return lab.withdraw("142")


def ended(lab: Hospital) -> str:
    lab.send(message_id="143")
    Alert.objects.update(state=AlertState.CLOSED)
    return lab.withdraw("143")


def not_found(lab: Hospital) -> str:
    return lab.ask("/notification/999")


def listed(lab: Hospital) -> str:
    for message_id in ("128", "129"):
        lab.send(message_id=message_id)
    lab.deliver()
    return lab.ask("/notification?status=sent&priority=L&page_size=1")


def wrong_filter(lab: Hospital) -> str:
    return lab.ask("/notification?priority=urgent")


def invalid(lab: Hospital) -> str:
    return lab.send(
        '{"message_id": 130, "type": "", "contact_id": "C-1", "patient_id": "1", "priority": "urgent"}'
    )


def not_json(lab: Hospital) -> str:
    return lab.send('{"message_id": "131", }')


def too_large(lab: Hospital) -> str:
    return lab.send(json.dumps({"description": "x" * 70_000}))


def wrong_type(lab: Hospital) -> str:
    return lab.send("message_id=132", kind="application/x-www-form-urlencoded")


def no_token(lab: Hospital) -> str:
    return lab.send("{}", token="")


def unknown_token(lab: Hospital) -> str:
    return lab.send("{}", token="mistyped")


def read_only_token(lab: Hospital) -> str:
    lab.token = tokens.issue(client=lab.client, access=Access.READ)[1]
    return lab.send("{}")


def unknown_contact(lab: Hospital) -> str:
    return lab.send(contact_id="C-404")


def throttled(lab: Hospital) -> str:
    lab.client.requests_per_minute = 1
    lab.client.save()
    lab.send("{}")
    return lab.send("{}")


def unavailable(lab: Hospital) -> str:
    return _broken(lab, OperationalError("connection refused"))


def internal(lab: Hospital) -> str:
    return _broken(lab, RuntimeError("a fault of our own"))


def _broken(lab: Hospital, error: Exception) -> str:
    def accept(**_kwargs: Any) -> None:
        raise error

    lab.monkeypatch.setattr(intake, "accept_at_once", accept)
    return lab.send()


EXAMPLES: dict[str, Callable[[Hospital], str]] = {
    name.replace("_", " ").replace("read only", "read-only").replace("json", "JSON"): example
    for name, example in {
        example.__name__: example
        for example in (
            stored, repeated, conflict, taken, waited, failed_over, failed, in_doubt, not_found, listed, wrong_filter,
            asked, accepted, waited_for_an_answer, withdrawn, ended,
            invalid, not_json, too_large, wrong_type, no_token, unknown_token, read_only_token, unknown_contact,
            throttled, unavailable, internal,
        )
    }.items()
}  # fmt: skip
