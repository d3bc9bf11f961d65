"""All of Bleep as it runs in production: front door, web services, relay and two workers, over real HTTP.

Started once for all flows, with the entry point of the container image, on the tests' own database.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection
from django.db.models.functions import Now

from alerts.models import Delivery
from alerts.states import UNFINISHED
from clients import tokens
from clients.models import ApiClient
from contacts.models import Clinician
from sandbox.run_settings import DOOR, PORTS_OF_A_RUN, SERVICES, WEB_PARTS, Ports, url_variable
from sandbox.services import free_port
from tests.aws import Aws
from tests.conftest import sending
from tests.environment import database_url
from tests.processes import ENTRY_POINT, answers, at_once, running, wait_until


class Bleep:
    """A running Bleep, and a hospital system that sends to it."""

    def __init__(self, url: str, token: str, aws: Aws) -> None:
        self.url = url
        self.token = token
        self.aws = aws

    def post(self, body: Any, **headers: str) -> requests.Response:
        """POST an alert."""
        sent = {"Authorization": self.token, **headers}
        return requests.post(f"{self.url}/notification", json=body, headers=sent, timeout=40)

    def status(self, message_id: str) -> str:
        """The alert's status from the API."""
        return str(self.detail(message_id)["status"])

    def detail(self, message_id: str) -> dict[str, Any]:
        """The alert with its deliveries and attempts."""
        answer = requests.get(
            f"{self.url}/notification/{message_id}", headers={"Authorization": self.token}, timeout=10
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def wait_for(self, message_id: str, *statuses: str, seconds: float = 20.0) -> None:
        """Return when the alert has one of the statuses."""
        wait_until(
            lambda: self.status(message_id) in statuses,
            what=f"{message_id} is {' or '.join(statuses)}",
            seconds=seconds,
        )

    def ask_about(self, *numbers: str) -> None:
        """As if the time had come to ask what became of the calls to these numbers: a relay asks at its next look."""
        for number in numbers:
            called = Delivery.objects.filter(address=number).exclude(state__in=UNFINISHED)
            wait_until(called.exists, what=f"{number} was called")
            called.filter(outcome_due_at__isnull=False).update(outcome_due_at=Now())

    def wait_for_messages(self, count: int) -> list[dict[str, Any]]:
        """The received messages, once there are `count`."""
        wait_until(lambda: len(self.aws.messages()) >= count, what=f"{count} messages arrived")
        return self.aws.messages()


@pytest.fixture(scope="package")
def workers(django_db_setup: None, aws_server: str, log_dir: Path) -> Iterator[None]:
    """As for all tests, but they end with the flows, since they would take the deliveries of what comes after."""
    with sending(log_dir):
        yield


@pytest.fixture(scope="package")
def processes(workers: None, log_dir: Path) -> Iterator[str]:
    """Every process of Bleep; the front door's address."""
    ports = Ports(free_port(range(20000, 29000), adjacent=PORTS_OF_A_RUN))
    env = {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_WORKERS": "1",
        "API_THREADS": "8",
        **{url_variable(part): ports.url(part) for part in SERVICES},
    }
    with ExitStack() as stack:
        at_once(
            stack,
            [running(part, [ENTRY_POINT, part], {**env, **ports.env(part)}, log_dir) for part in WEB_PARTS],
        )
        for part in WEB_PARTS:
            wait_until(partial(answers, f"{ports.url(part)}/healthz"), what=f"{part} answers", seconds=60)
        wait_until(partial(answers, f"{ports.url(DOOR)}/readyz"), what="a relay is ready", seconds=60)
        yield ports.url(DOOR)


@pytest.fixture
def bleep(transactional_db: None, processes: str, aws: Aws, clinician: Clinician) -> Bleep:
    """A running Bleep with clinician C-1 and a hospital system."""
    client = ApiClient.objects.create(name="Lab system")
    return Bleep(processes, tokens.issue(client=client)[1], aws)
