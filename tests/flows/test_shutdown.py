"""Each part is stopped while it works: it finishes what it has begun, and nothing is lost or sent twice.

Or all are killed while somebody is asked to take an alert on.

With its own database and Redis, so that no other test's processes take the work.
"""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
import requests
from psycopg import sql

from sandbox.processes import kill
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from sandbox.services import free_port
from tests.aws import Aws
from tests.environment import VARIABLES, database_url
from tests.factories import an_alert
from tests.processes import ENTRY_POINT, ROOT, answers, running, wait_until

STOP_SECONDS = 30
"""What docker-compose.yml gives the web server, which has the least: a worker and a relay have 75."""
REDIS_DATABASE = 9
ALL = ("web-api", "relay", "worker-urgent")
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

PLAN = """
import django
django.setup()
from datetime import timedelta
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from oncall.models import Plan, PlanChoice, PlanStep, Target
second = Clinician.objects.create(contact_id="C-2", name="Clinician C-2", sms_number="+447700900202")
preferences.replace(second, {Priority.HIGH: [Channel.SMS]})
plan = Plan.objects.create(name="Two")
wait = timedelta(minutes=10)
PlanStep.objects.create(plan=plan, position=1, target=Target.ADDRESSED, wait=wait)
PlanStep.objects.create(plan=plan, position=2, target=Target.NAMED, clinician=second, wait=wait)
PlanChoice.objects.create(plan=plan, priority=Priority.HIGH)
"""

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]


class OwnBleep:
    """A Bleep with its own database and Redis, whose parts a test starts and stops."""

    def __init__(self, database: str, log_dir: Path, aws_url: str) -> None:
        self.database_url = database_url(database)
        self.redis_url = VARIABLES["REDIS_URL"].rsplit("/", 1)[0] + f"/{REDIS_DATABASE}"
        self.log_dir = log_dir
        self.aws_url = aws_url
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = ""

    def env(self, **more: str) -> dict[str, str]:
        """The environment of its processes."""
        host, port = self.url.removeprefix("http://").split(":")
        web = {"GRANIAN_HOST": host, "GRANIAN_PORT": port, "GRANIAN_WORKERS": "1"}
        stores = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return {**VARIABLES, **web, **stores, "AWS_ENDPOINT_URL": self.aws_url, **more}

    def call(self, *command: str) -> str:
        """Run a command. Returns what it prints."""
        env = {**os.environ, **self.env()}
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def run(self, part: str, **more: str) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """A part, for as long as the block runs."""
        return running(f"shutdown-{part}", [ENTRY_POINT, part], self.env(**more), self.log_dir)

    @contextmanager
    def run_all(self) -> Iterator[None]:
        """Web server, relay and worker, which are killed at the end of the block."""
        with ExitStack() as stack:
            two_way = {
                "SMS_REPLY_QUEUE_URL": reply_queue_url(self.aws_url),
                "SMS_ORIGINATION_NUMBER": ORIGINATION_NUMBER,
            }
            parts = [stack.enter_context(self.run(part, **two_way)) for part in ALL]
            wait_until(lambda: answers(f"{self.url}/healthz"), what="the web server answers", seconds=60)
            yield
            for part in parts:
                family = psutil.Process(part.pid)
                kill([family, *family.children(recursive=True)])

    def tell(self, *statements: str) -> None:
        """Change the database."""
        with psycopg.connect(self.database_url) as connection:
            for each in statements:
                connection.execute(each.encode())

    def post(self, body: dict[str, Any], **headers: str) -> requests.Response:
        """POST an alert."""
        headers = {"Authorization": self.token, **headers}
        return requests.post(f"{self.url}/notification", json=body, headers=headers, timeout=40)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows from the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str, state: str) -> int:
        """How many rows of a table are in a state."""
        return int(self.ask(f"SELECT count(*) FROM alerts_{table} WHERE state = '{state}'")[0][0])  # noqa: S608


@pytest.fixture(scope="module")
def aws_server(log_dir: Path) -> Iterator[str]:
    """A stand-in of its own: the relay of all other tests would read the replies here as well."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running("shutdown-aws", [sys.executable, "-m", "sandbox.aws", "--port", str(port)], {}, log_dir):
        wait_until(lambda: answers(f"{url}/healthz"), what="the stand-in for AWS answers")
        yield url


@pytest.fixture(scope="module")
def prepared(log_dir: Path, aws_server: str) -> Iterator[OwnBleep]:
    """A Bleep with a database, a clinician who is reached by SMS, and a hospital system's token."""
    name = f"shutdown_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made = OwnBleep(name, log_dir, aws_server)
        made.call("manage.py", "migrate", "--no-input")
        made.token = made.call("-c", SET_UP)
        yield made
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def bleep(prepared: OwnBleep, aws: Aws) -> OwnBleep:
    """The same, with no alerts and an empty Redis."""
    with psycopg.connect(prepared.database_url) as connection:
        for name in ("alerts_alertaction", "alerts_response"):  # these refuse it
            connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER {name}_is_not_truncated")
        connection.execute(
            "TRUNCATE alerts_alert, alerts_delivery, alerts_attempt, alerts_relayheartbeat CASCADE"
        )
    with redis.Redis.from_url(prepared.redis_url) as broker:
        broker.flushdb()
    return prepared


@pytest.fixture
def web(bleep: OwnBleep) -> Iterator["subprocess.Popen[bytes]"]:
    """Its web server."""
    with bleep.run("web-api") as process:
        wait_until(lambda: answers(f"{bleep.url}/healthz"), what="the web server answers", seconds=60)
        yield process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a part, and check that it ends cleanly and in time."""
    process.terminate()
    assert process.wait(STOP_SECONDS) == 0


@pytest.mark.usefixtures("web")
def test_a_worker_that_is_stopped_finishes_what_it_is_sending_and_leaves_the_rest(
    bleep: OwnBleep, aws: Aws
) -> None:
    aws.misbehave("sns:Publish", "delay", seconds=3)
    for number in range(6):
        assert bleep.post(an_alert(message_id=f"m-{number}", priority="M")).status_code == 202

    with bleep.run("relay"):
        with bleep.run("worker", WORKER_THREADS="2") as worker:
            wait_until(lambda: bleep.count("attempt", "calling") == 2, what="two are being sent", seconds=60)
            end(worker)

        begun = bleep.count("attempt", "sent")
        assert bleep.count("attempt", "calling") == bleep.count("delivery", "sending") == 0
        assert begun == bleep.count("delivery", "sent") == len(aws.messages()) >= 2
        assert bleep.count("delivery", "pending") == 6 - begun > 0, "the end came before everything was sent"

        requests.delete(f"{aws.url}/faults", timeout=5)
        # As if the time had passed after which what lies in a queue is handed over again.
        with psycopg.connect(bleep.database_url) as connection:
            connection.execute("UPDATE alerts_delivery SET handed_over_at = NULL WHERE state = 'pending'")
        with bleep.run("worker"):
            wait_until(lambda: bleep.count("delivery", "sent") == 6, what="all are sent", seconds=90)

    assert len(aws.messages()) == 6
    assert bleep.ask("SELECT count(*), max(number) FROM alerts_attempt") == [(6, 1)]


@pytest.mark.usefixtures("web")
def test_a_relay_that_is_stopped_finishes_what_it_is_sending_by_itself_and_leaves_the_rest(
    bleep: OwnBleep, aws: Aws
) -> None:
    aws.misbehave("sns:Publish", "delay", seconds=3)
    for number in range(12):
        assert bleep.post(an_alert(message_id=f"m-{number}", priority="H")).status_code == 202
    nowhere = f"redis://127.0.0.1:{free_port()}/0"

    with bleep.run("relay", REDIS_URL=nowhere) as relay:
        wait_until(
            lambda: bleep.count("attempt", "calling") > 0, what="the relay sends by itself", seconds=60
        )
        end(relay)

    begun = bleep.count("attempt", "sent")
    assert bleep.count("attempt", "calling") == bleep.count("delivery", "sending") == 0
    assert begun == bleep.count("delivery", "sent") == len(aws.messages()) > 0
    assert bleep.count("delivery", "pending") == 12 - begun > 0
    assert bleep.ask("SELECT count(*) FROM alerts_relayheartbeat") == [(0,)]

    requests.delete(f"{aws.url}/faults", timeout=5)
    with bleep.run("relay", REDIS_URL=nowhere):
        wait_until(lambda: bleep.count("delivery", "sent") == 12, what="all are sent", seconds=90)

    assert len(aws.messages()) == 12
    assert bleep.ask("SELECT count(*), max(number) FROM alerts_attempt") == [(12, 1)]


def is_loading(pid: int) -> bool:
    """Whether the process, which loads Bleep before it forks any other, has begun to."""
    return psutil.Process(pid).cpu_times().user > 0.05


def has_forked(pid: int) -> bool:
    return bool(psutil.Process(pid).children())


@pytest.mark.parametrize(
    ("part", "is_so_far"), [("web-api", is_loading), ("web-api", has_forked), ("door", is_loading)]
)
def test_a_web_server_that_is_stopped_while_it_starts_ends_at_once(
    bleep: OwnBleep, part: str, is_so_far: Callable[[int], bool]
) -> None:
    with bleep.run(part) as server:
        wait_until(lambda: is_so_far(server.pid), what=f"{part} is as far as that")
        server.terminate()

        server.wait(10)  # granian would kill it after 20 seconds


def test_a_web_server_that_is_stopped_answers_who_waits(
    bleep: OwnBleep, web: "subprocess.Popen[bytes]", aws: Aws
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bleep.post, an_alert(priority="M"), Prefer="wait=5")
        wait_until(lambda: bleep.ask("SELECT count(*) FROM alerts_alert") == [(1,)], what="it is stored")
        end(web)
        answer = waiting.result(timeout=30)

    assert (answer.status_code, json.loads(answer.text)["status"]) == (202, "queued")
    with bleep.run("web-api"):
        wait_until(lambda: answers(f"{bleep.url}/healthz"), what="the next one answers", seconds=60)
        again = bleep.post(an_alert(priority="M"))
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert bleep.ask("SELECT count(*) FROM alerts_delivery") == [(1,)]


@pytest.mark.timeout(400)
def test_everything_is_killed_again_and_again_and_the_next_person_is_asked_and_has_it(
    bleep: OwnBleep, aws: Aws
) -> None:
    bleep.call("-c", PLAN)
    try:
        with bleep.run_all():
            assert bleep.post(an_alert(priority="H")).status_code == 202
            wait_until(lambda: question(aws, "+447700900002"), what="the first is asked", seconds=60)
        bleep.tell("UPDATE alerts_engagement SET due_at = now()", "UPDATE alerts_loop SET due_at = now()")
        with bleep.run_all():
            wait_until(lambda: question(aws, "+447700900202"), what="the next is asked", seconds=60)
        said = f"1 {question(aws, '+447700900202')}"
        reply = {"number": "+447700900202", "text": said}
        assert requests.post(f"{aws.url}/handset/reply", json=reply, timeout=5).ok
        with bleep.run_all():
            # A relay that was killed while it waited for replies may have been given this one, which is hidden then.
            wait_until(lambda: bleep.count("alert", "acknowledged") == 1, what="it is accepted", seconds=120)
    finally:
        bleep.tell("TRUNCATE oncall_plan CASCADE")
    assert bleep.ask("SELECT number, state FROM alerts_engagement ORDER BY number") == [
        (1, "undefined"),
        (2, "accepted"),
    ]
    assert bleep.ask("SELECT count(*), max(effect) FROM alerts_response") == [(1, "applied")]


def question(aws: Aws, number: str) -> str:
    """The code in the SMS that asks at this number; empty if it has not come. It comes once."""
    texts = [each["text"] for each in aws.messages() if (each["channel"], each["to"]) == ("sms", number)]
    codes = re.findall(r"Reply 1 (\d{4}) to accept", " ".join(texts))
    assert len(codes) <= 1
    return codes[0] if codes else ""
