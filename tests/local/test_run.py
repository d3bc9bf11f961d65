"""`make run` is ready and serves the banner's request, on services of its own or of the user's."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

from clients.sample import TOKEN
from sandbox.services import EmbeddedPostgres
from tests.local.machine import outside_environment, run_sandbox, run_script, two_free_ports, working_on
from tests.local.run import Runner, end, start
from tests.processes import wait_until


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "data"


@pytest.fixture
def runner(data: Path) -> Iterator[Runner]:
    started = start(data)
    yield started
    end(started)


def banner_request(banner: str) -> str:
    """The command that the banner asks to paste."""
    found = re.search(r"^curl -i .*?'\n\n", banner, re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


@pytest.mark.proof
def test_a_whole_run(runner: Runner) -> None:
    """One test for what needs the same run, since a start costs seconds."""
    runner.wait_until_it_says("Bleep is ready.")
    base = f"http://127.0.0.1:{runner.port}"
    progress, _, banner = runner.said().partition("Bleep is ready.")
    assert all(line.endswith(" ...") for line in progress.partition("\n\n")[0].splitlines()), progress
    log = runner.data / "run.log"
    for line in (
        f"{base}/admin/",
        "login admin, password admin",
        f"{base}/docs",
        f"{log}   `make logs` follows it",
        "WARNING: local mode",
        "Ctrl-C",
    ):
        assert line in banner

    answer = subprocess.run(
        ["sh", "-c", banner_request(banner)],
        env=outside_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "HTTP/1.1 202 Accepted" in answer
    assert "location: /notification/123" in answer
    handset = f"http://127.0.0.1:{runner.port + 1}"
    wait_until(
        lambda: "Blood test results ready for patient" in requests.get(f"{handset}/messages", timeout=5).text,
        what="the alert reaches the inbox",
    )

    with requests.Session() as browser:
        page = browser.get(f"{base}/admin/login/", timeout=5)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token
        login = {"username": "admin", "password": "admin", "csrfmiddlewaretoken": token[1], "next": "/admin/"}
        assert "Log out" in browser.post(f"{base}/admin/login/", data=login, timeout=5).text
        assert browser.get(f"{base}/static/admin/css/base.css", timeout=5).ok
        assert browser.get(f"{base}/docs", timeout=5).ok
    assert requests.get(handset, timeout=5).ok

    for process in (
        psutil.Process(runner.process.pid),
        *psutil.Process(runner.process.pid).children(recursive=True),
    ):
        listening = {
            one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN
        }
        assert listening <= {"127.0.0.1"}

    for options in ([], ["--reset"]):
        second = run_sandbox("--data", str(runner.data), *options, PORT=str(two_free_ports()))
        assert (second.returncode, second.stdout) == (1, "")
        assert re.fullmatch(r"`make run` already runs with .*: stop it first \(Ctrl-C\)\.\n", second.stderr)

    wait_until(lambda: "route=" in log.read_text(), what="the requests are in the log")
    assert runner.said().partition("Bleep is ready.")[2] == banner, "the banner stays last"
    runner.process.send_signal(signal.SIGINT)

    assert runner.ends() == 0
    assert "Everything is stopped. The data stays in" in runner.said().splitlines()[-1]


@pytest.mark.proof
def test_one_that_dies_is_named_and_stops_all_even_one_that_is_frozen(runner: Runner) -> None:
    runner.wait_until_it_says("Bleep is ready.")
    os.kill(runner.pid_of("-Q urgent,questions,normal,low"), signal.SIGSTOP)

    os.kill(runner.pid_of("manage.py relay"), signal.SIGKILL)

    assert runner.ends() == 1
    *_, end = runner.said().splitlines()
    assert "[alerts." in runner.said(), "its last lines"
    assert end == (
        "relay ended by itself (signal 9), so everything was stopped. Start again with `make run`; "
        f"if it happens again, look for the reason in {runner.data / 'run.log'}."
    )


@pytest.mark.proof
def test_services_of_ones_own_are_used_and_not_started(tmp_path: Path) -> None:
    """They are not there, so the run ends at the first that it needs; nothing was started in their place."""
    nowhere = f"127.0.0.1:{two_free_ports()}"
    own = {
        "DATABASE_URL": f"postgresql://nobody@{nowhere}/nothing",
        "REDIS_URL": f"redis://{nowhere}/0",
        "AWS_ENDPOINT_URL": f"http://{nowhere}",
    }

    result = run_sandbox("--data", str(tmp_path / "data"), PORT=str(two_free_ports()), **own)

    assert result.returncode == 1
    assert "Starting" not in result.stdout
    assert "migrate failed (exit status 1), so everything was stopped. Check DATABASE_URL" in result.stderr
    assert "onnection refused" in result.stderr, "its last lines"
    assert working_on(tmp_path / "data") == []


@pytest.mark.proof
def test_a_database_of_ones_own_gets_its_tables_and_nothing_that_everybody_knows(tmp_path: Path) -> None:
    own = EmbeddedPostgres(tmp_path / "own")
    (tmp_path / "own").mkdir()
    own.start()
    runner = start(tmp_path / "data", DATABASE_URL=own.url)
    try:
        runner.wait_until_it_says("Ctrl-C stops everything")

        with psycopg.connect(own.url) as database:
            for table in ("clients_apiclient", "clients_apitoken", "auth_user", "contacts_clinician"):
                assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
        banner = runner.said().partition("Bleep is ready.")[2]
        assert "was not loaded" in banner
        assert "password admin" not in banner
        assert TOKEN not in banner

        made = run_commands(banner, DATABASE_URL=own.url)
        assert made.returncode == 0, made.stderr
        answer = requests.get(
            f"http://127.0.0.1:{runner.port}/notification",
            headers={"Authorization": made.stdout.split()[-1]},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
    finally:
        end(runner)
        own.stop()


def run_commands(banner: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The commands that the banner asks to paste, with the answers to their questions from the environment."""
    found = re.search(r"^export .*?\n\n", banner, re.MULTILINE | re.DOTALL)
    assert found
    script = f"set -e\n{found[0].replace('createsuperuser', 'createsuperuser --no-input')}"
    superuser = {f"DJANGO_SUPERUSER_{name}": "Own-0123" for name in ("USERNAME", "PASSWORD")}
    return run_script(
        ["sh", "-c", script],
        outside_environment(DJANGO_SUPERUSER_EMAIL="own@ward.example", **superuser, **env),
    )
