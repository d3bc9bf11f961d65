"""Each part is told to stop while it is at work: what it has begun it finishes, and nothing is lost or sent twice.

On a database and a Redis of its own, so that no other test's processes take the work.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import requests
from psycopg import sql

from sandbox.services import free_port
from tests.conftest import Aws, an_alert
from tests.environment import VARIABLES, database_url
from tests.processes import ENTRY_POINT, ROOT, answers, running, wait_until

STOP_SECONDS = 30
"""What docker-compose.yml gives the web server, which has the least: a worker and a relay have 75."""
REDIS_DATABASE = 9
SET_UP = """
import django
django.setup()
from clients import tokens
from clients.models import ApiClient
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
made = Clinician.objects.create(contact_id="C-1", name="Clinician C-1", sms_number="+447700900002")
preferences.replace(made, {Priority.HIGH: [Channel.SMS], Priority.MEDIUM: [Channel.SMS]})
print(tokens.issue(client=ApiClient.objects.create(name="Lab system"))[1])
"""

pytestmark = pytest.mark.timeout(300)


class Ward:
    """A Bleep of its own, whose parts a test starts and stops."""

    def __init__(self, database: str, log_dir: Path) -> None:
        self.database_url = database_url(database)
        self.redis_url = VARIABLES["REDIS_URL"].rsplit("/", 1)[0] + f"/{REDIS_DATABASE}"
        self.log_dir = log_dir
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = ""

    def env(self, **more: str) -> dict[str, str]:
        """What its processes are told."""
        host, port = self.url.removeprefix("http://").split(":")
        web = {"GRANIAN_HOST": host, "GRANIAN_PORT": port, "GRANIAN_WORKERS": "1"}
        return {**VARIABLES, **web, "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, **more}

    def call(self, *command: str) -> str:
        """Run a command of its; what it prints."""
        env = {**os.environ, **self.env()}
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def run(self, part: str, **more: str) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """A part, for as long as the block runs."""
        return running(f"shutdown-{part}", [ENTRY_POINT, part], self.env(**more), self.log_dir)

    def post(self, body: dict[str, Any], **headers: str) -> requests.Response:
        """POST an alert."""
        headers = {"Authorization": self.token, **headers}
        return requests.post(f"{self.url}/notification", json=body, headers=headers, timeout=40)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str, state: str) -> int:
        """How many rows of a table are in a state."""
        return int(self.ask(f"SELECT count(*) FROM alerts_{table} WHERE state = '{state}'")[0][0])  # noqa: S608


@pytest.fixture(scope="module")
def home(log_dir: Path, aws_server: str) -> Iterator[Ward]:
    """A ward with a database, a clinician who is reached by SMS, and a hospital system's token."""
    name = f"shutdown_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made = Ward(name, log_dir)
        made.call("manage.py", "migrate", "--no-input")
        made.token = made.call("-c", SET_UP)
        yield made
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def ward(home: Ward, aws: Aws) -> Ward:
    """The ward, with no alert in it and nothing in its Redis."""
    with psycopg.connect(home.database_url) as connection:
        connection.execute(
            "TRUNCATE alerts_alert, alerts_delivery, alerts_attempt, alerts_relayheartbeat CASCADE"
        )
    with redis.Redis.from_url(home.redis_url) as broker:
        broker.flushdb()
    return home


@pytest.fixture
def web(ward: Ward) -> Iterator["subprocess.Popen[bytes]"]:
    """The ward's web server."""
    with ward.run("web") as process:
        wait_until(lambda: answers(f"{ward.url}/healthz"), what="the web server answers", seconds=60)
        yield process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Tell a part to stop; it does, in good order and in time."""
    process.terminate()
    assert process.wait(STOP_SECONDS) == 0


@pytest.mark.usefixtures("web")
def test_a_worker_that_is_stopped_finishes_what_it_is_sending_and_leaves_the_rest(
    ward: Ward, aws: Aws
) -> None:
    aws.misbehave("sns:Publish", "delay", seconds=3)
    for number in range(6):
        assert ward.post(an_alert(message_id=f"m-{number}", priority="M")).status_code == 202

    with ward.run("relay"):
        with ward.run("worker", WORKER_THREADS="2") as worker:
            wait_until(lambda: ward.count("attempt", "calling") == 2, what="two are being sent", seconds=60)
            end(worker)

        begun = ward.count("attempt", "sent")
        assert ward.count("attempt", "calling") == ward.count("delivery", "sending") == 0
        assert begun == ward.count("delivery", "sent") == len(aws.messages()) >= 2
        assert ward.count("delivery", "pending") == 6 - begun > 0, "the end came before everything was sent"

        requests.delete(f"{aws.url}/faults", timeout=5)
        # As if the time had passed after which what lies in a queue is handed over again.
        with psycopg.connect(ward.database_url) as connection:
            connection.execute("UPDATE alerts_delivery SET handed_over_at = NULL WHERE state = 'pending'")
        with ward.run("worker"):
            wait_until(lambda: ward.count("delivery", "sent") == 6, what="all are sent", seconds=90)

    assert len(aws.messages()) == 6
    assert ward.ask("SELECT count(*), max(number) FROM alerts_attempt") == [(6, 1)]


@pytest.mark.usefixtures("web")
def test_a_relay_that_is_stopped_finishes_what_it_is_sending_by_itself_and_leaves_the_rest(
    ward: Ward, aws: Aws
) -> None:
    aws.misbehave("sns:Publish", "delay", seconds=3)
    for number in range(12):
        assert ward.post(an_alert(message_id=f"m-{number}", priority="H")).status_code == 202
    nowhere = f"redis://127.0.0.1:{free_port()}/0"

    with ward.run("relay", REDIS_URL=nowhere) as relay:
        wait_until(lambda: ward.count("attempt", "calling") > 0, what="the relay sends by itself", seconds=60)
        end(relay)

    begun = ward.count("attempt", "sent")
    assert ward.count("attempt", "calling") == ward.count("delivery", "sending") == 0
    assert begun == ward.count("delivery", "sent") == len(aws.messages()) > 0
    assert ward.count("delivery", "pending") == 12 - begun > 0
    assert ward.ask("SELECT count(*) FROM alerts_relayheartbeat") == [(0,)]

    requests.delete(f"{aws.url}/faults", timeout=5)
    with ward.run("relay", REDIS_URL=nowhere):
        wait_until(lambda: ward.count("delivery", "sent") == 12, what="all are sent", seconds=90)

    assert len(aws.messages()) == 12
    assert ward.ask("SELECT count(*), max(number) FROM alerts_attempt") == [(12, 1)]


def test_a_web_server_that_is_stopped_answers_who_waits(
    ward: Ward, web: "subprocess.Popen[bytes]", aws: Aws
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ward.post, an_alert(priority="M"), Prefer="wait=5")
        wait_until(lambda: ward.ask("SELECT count(*) FROM alerts_alert") == [(1,)], what="it is stored")
        end(web)
        answer = waiting.result(timeout=30)

    assert (answer.status_code, json.loads(answer.text)["status"]) == (202, "queued")
    with ward.run("web"):
        wait_until(lambda: answers(f"{ward.url}/healthz"), what="the next one answers", seconds=60)
        again = ward.post(an_alert(priority="M"))
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert ward.ask("SELECT count(*) FROM alerts_delivery") == [(1,)]
