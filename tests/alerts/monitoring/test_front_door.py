"""Health checks send a test alert through the real front door to a real web server, and it leaves nothing behind."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from django.apps import apps
from django.db import connection

from alerts.models import WriteProbe
from alerts.monitoring import front_door, report
from alerts.monitoring.findings import Finding
from contacts.models import Clinician
from sandbox.services import free_port
from tests.config.server import run
from tests.factories import an_alert
from tests.processes import ENTRY_POINT, answers, running, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TRIGGER = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON alerts_alert EXECUTE FUNCTION refuse();
"""


@contextmanager
def full_disk() -> Iterator[None]:
    """PostgreSQL's error for a full disk, for whoever stores an alert."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    try:
        yield
    finally:
        with connection.cursor() as cursor:  # perhaps in another session: the first may have been closed
            cursor.execute("DROP TRIGGER refuse ON alerts_alert; DROP FUNCTION refuse()")


@pytest.fixture(scope="module")
def _door(live_server: Any, log_dir: Path) -> Iterator[str]:
    port = free_port()
    urls = {f"WEB_{name}_URL": live_server.url for name in ("API", "ADMIN", "PROBES")}
    url = f"http://127.0.0.1:{port}"
    with running(
        "door",
        [ENTRY_POINT, "door"],
        {**urls, "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port)},
        log_dir,
    ):
        wait_until(lambda: answers(f"{url}/healthz"), what="the door answers")
        yield url


@pytest.fixture
def door(_door: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A front door before this process's web server; its address."""
    monkeypatch.setattr(front_door, "SECONDS", 20)  # a test's machine may be busy
    settings.FRONT_DOOR_URL = _door
    return _door


def found(name: str) -> Finding:
    """A finding of a new report."""
    return next(finding for finding in report.findings() if finding.name == name)


def rows() -> dict[str, int]:
    """The number of rows of every model but the one that health checks write."""
    models = [model for model in apps.get_models() if model is not WriteProbe]
    return {model.__name__: model.objects.count() for model in models}  # type: ignore[attr-defined]


def test_intake_takes_a_test_alert_and_nothing_of_it_stays(door: str) -> None:
    before = rows()

    assert found("intake_fails").ok
    assert rows() == before
    assert WriteProbe.objects.exists()


def test_any_host_may_be_allowed(door: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = settings.SERVED_HOSTS = ["*"]

    assert found("intake_fails").ok


def test_a_door_that_ends_tls_itself_is_asked_by_the_name_that_senders_use(
    door: str, settings: Any, live_server: Any, log_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {
        "GRANIAN_SSL_CERTIFICATE": str(tmp_path / "cert.pem"),
        "GRANIAN_SSL_KEYFILE": str(tmp_path / "key.pem"),
    }
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=bleep"]
    files = ["-keyout", keys["GRANIAN_SSL_KEYFILE"], "-out", keys["GRANIAN_SSL_CERTIFICATE"]]
    name = ["-addext", "subjectAltName=DNS:bleep.example"]
    subprocess.run([*command, *name, *files], check=True, capture_output=True)
    port = free_port()
    urls = {f"WEB_{name}_URL": live_server.url for name in ("API", "ADMIN", "PROBES")}
    env = {**urls, **keys, "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port)}
    settings.FRONT_DOOR_URL = f"https://127.0.0.1:{port}"
    settings.ALLOWED_HOSTS = settings.SERVED_HOSTS = ["bleep.example"]
    monkeypatch.setenv("SSL_CERT_FILE", keys["GRANIAN_SSL_CERTIFICATE"])

    with running("door-tls", [ENTRY_POINT, "door"], env, log_dir):
        wait_until(lambda: front_door.ask().problem is None, what="the test alert gets in")
        settings.ALLOWED_HOSTS = settings.SERVED_HOSTS = ["other.example"]
        assert front_door.ask().problem == "It gave no answer (SSLCertVerificationError)."


def test_web_probes_asks_by_a_name_that_is_served_although_it_takes_any() -> None:
    ask = "import django; django.setup(); from alerts.monitoring import front_door; print(front_door.host())"

    assert run("-c", ask, WEB_SERVICE="web-probes").stdout == "{'Host': 'bleep.example'}\n"


def test_an_intake_that_cannot_store_is_found_with_its_answer(door: str) -> None:
    with full_disk():
        finding = found("intake_fails")

    assert not finding.ok
    assert "The database's disk is full." in finding.sentence
    assert found("intake_fails").ok


def test_an_intake_that_can_look_up_no_token_is_found(door: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clients_apitoken RENAME TO away")
        try:
            finding = found("intake_fails")
        finally:
            cursor.execute("ALTER TABLE away RENAME TO clients_apitoken")

    assert not finding.ok


def test_an_intake_that_hangs_is_found(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "SECONDS", 1)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE alerts_alert IN ACCESS EXCLUSIVE MODE")
        try:
            answer = front_door.ask()
        finally:
            cursor.execute("ROLLBACK")

    assert answer.problem == "It gave no answer (TimeoutError)."


def test_a_door_that_is_away_is_found(door: str, settings: Any) -> None:
    settings.FRONT_DOOR_URL = f"http://127.0.0.1:{free_port()}"

    assert not found("intake_fails").ok
    assert found("requests_not_taken").ok, "what it refused is not known"


def test_refused_requests_are_counted_with_the_reason(
    door: str, lab_token: str, clinician: Clinician
) -> None:
    headers = {"Authorization": f"Bearer {lab_token}"}
    known = requests.post(
        f"{door}/notification", json=an_alert(message_id="M-0"), headers=headers, timeout=20
    )
    assert known.status_code == 202
    before = found("requests_not_taken").value
    with full_disk():
        for number in range(1, 4):
            sent = an_alert(message_id=f"M-{number}")
            assert (
                requests.post(f"{door}/notification", json=sent, headers=headers, timeout=5).status_code
                == 503
            )
        finding = found("requests_not_taken")

    assert finding.value == before + 3, "test alerts are not counted"
    assert "requests since " in finding.sentence
    assert "The database's disk is full." in finding.sentence


def test_a_senders_mistake_is_not_counted(door: str, lab_token: str) -> None:
    headers = {"Authorization": f"Bearer {lab_token}"}
    before = found("requests_not_taken").value
    for body, status in (({}, 400), (an_alert(contact_id="nobody"), 422)):
        answer = requests.post(f"{door}/notification", json=body, headers=headers, timeout=5)
        assert answer.status_code == status

    assert found("requests_not_taken").value == before


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Bearer \u00e9"])
def test_nobody_else_may_send_a_test_alert(live_server: Any, authorization: str) -> None:
    answer = requests.post(
        live_server.url + front_door.PATH,
        json=an_alert(),
        headers={"Authorization": authorization.encode()},
        timeout=5,
    )

    assert answer.status_code == 403
    assert "same SECRET_KEY" in answer.json()["detail"]


def test_without_an_address_the_door_is_not_checked(settings: Any) -> None:
    settings.FRONT_DOOR_URL = ""

    assert {finding.name for finding in report.findings()}.isdisjoint({"intake_fails", "requests_not_taken"})
