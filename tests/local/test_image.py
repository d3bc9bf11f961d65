"""What the image starts works, from the image's files alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_urlsafe

import pytest
import requests

from sandbox.run_settings import (
    DOOR,
    PORTS_OF_A_RUN,
    SERVICES as BEHIND_THE_DOOR,
    Ports,
    url_variable,
)
from sandbox.services import Services, embedded, free_port
from tests.local.containers import PARTS, SERVICES, given
from tests.local.machine import ROOT, run_script
from tests.processes import wait_until

STOP_SECONDS = 25
"""Less than compose gives any part: ten of them stop at once here, on whatever processor there is."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that is filled as the image is: by the last stage's COPY and RUN, and from nothing else."""
    app = tmp_path_factory.mktemp("image") / "app"
    app.mkdir()
    for copy in given("COPY"):
        if copy.startswith("--from"):
            continue
        *sources, target = copy.split()
        for source in sources:
            _copy(ROOT / source, app / target / (source.rpartition("/")[2] if target.endswith("/") else ""))
    for run in given("RUN"):
        if "manage.py" in run:
            subprocess.run(
                ["sh", "-c", run], cwd=app, env=bare_environment(), check=True, capture_output=True
            )
    return app


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        # With what is compiled, or each process would compile all of it again.
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def bare_environment(**more: str) -> dict[str, str]:
    """Little more than the image's own: no setting comes from the suite."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with embedded(tmp_path_factory.mktemp("stores")) as services:
        yield services


@pytest.fixture(scope="module")
def server(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a server, with its secrets in files, as the compose file gives it."""
    secrets = tmp_path_factory.mktemp("secrets")
    values = {
        "SECRET_KEY": token_urlsafe(50),
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
    }
    for name, value in values.items():
        (secrets / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(secrets / name) for name in values}
    assert set(files) <= set(SERVICES["relay"]["environment"])
    return bare_environment(
        **files,
        ALLOWED_HOSTS="bleep.example",
        AWS_DEFAULT_REGION="eu-west-2",
        CONNECT_INSTANCE_ID="instance",
        CONNECT_CONTACT_FLOW_ID="flow",
        CONNECT_SOURCE_PHONE_NUMBER="+442079460000",
        GRANIAN_HOST="127.0.0.1",
    )


def healthy(image: Path, part: str, env: dict[str, str]) -> bool:
    command = [sys.executable, "deploy/healthcheck.py", part]
    return subprocess.run(command, cwd=image, env=env, capture_output=True, check=False).returncode == 0


@contextmanager
def started(image: Path, part: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen([image / "deploy" / "entrypoint", part], env=env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_image_holds_the_product_and_nothing_else(image: Path) -> None:
    found = {path.name for path in image.iterdir()} - {"__pycache__"}
    assert found == {
        "manage.py",
        "deploy",
        "docs",
        "door",
        "config",
        "spelling",
        "audit",
        "theme",
        "contacts",
        "oncall",
        "clients",
        "alerts",
        "retention",
        "staff",
        "staticfiles",
    }
    listed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = {
        source for copy in given("COPY") for source in copy.split()[:-1] if not copy.startswith("--from")
    }
    assert sources | {"requirements.txt"} == listed
    assert list((image / "staticfiles" / "admin").rglob("*.gz")), "collected, hashed and compressed"


def test_local_mode_is_refused_with_a_sentence(image: Path) -> None:
    exposed = bare_environment(
        LOCAL_MODE="true",
        SECRET_KEY=token_urlsafe(50),
        ALLOWED_HOSTS="bleep.example",
        DATABASE_URL="postgresql://bleep@127.0.0.1:9/bleep",
    )
    result = run_script([image / "deploy" / "entrypoint", "web-admin"], exposed)
    assert result.returncode != 0
    assert "LOCAL_MODE is on: everybody knows the demo's token and login." in result.stderr


def test_an_unknown_part_is_refused_with_a_list(image: Path) -> None:
    result = run_script([image / "deploy" / "entrypoint", "wbe"], bare_environment())
    assert result.returncode == 64
    for part in PARTS:
        assert part in result.stderr


@pytest.mark.proof
def test_every_part_starts_is_healthy_and_stops_when_told(
    image: Path, server: dict[str, str], tmp_path: Path
) -> None:
    migrated = run_script([image / "deploy" / "entrypoint", "migrate"], server)
    assert migrated.returncode == 0, migrated.stderr

    parts = [part for part in PARTS if part != "migrate"]
    ports = Ports(free_port(range(10000, 19000), adjacent=PORTS_OF_A_RUN))
    urls = {url_variable(part): ports.url(part) for part in BEHIND_THE_DOOR}
    envs = {
        part: {
            **server,
            **urls,
            **ports.env(part),
            "FRONT_DOOR_URL": ports.url(DOOR),
            "TRUST_PROXY": "true",
            "ALIVE_FILE": str(tmp_path / f"{part}.alive"),
        }
        for part in parts
    }
    for part in parts:
        assert not healthy(image, part, envs[part]), f"{part} is not there yet"
    with ExitStack() as stack:
        processes = {
            part: stack.enter_context(started(image, part, envs[part], tmp_path / f"{part}.log"))
            for part in parts
        }
        for part in parts:
            wait_until(
                lambda part=part: healthy(image, part, envs[part]),  # type: ignore[misc]
                what=f"{part} is healthy",
                seconds=40,
            )
        answer = requests.get(f"{ports.url(DOOR)}/readyz", headers={"Host": "bleep.example"}, timeout=5)
        assert answer.status_code == 200, answer.text
        assert "test alert" not in answer.text, "the health check's own alert gets in"
        for part in ("door", "web-api", "relay"):
            lines = [json.loads(line) for line in (tmp_path / f"{part}.log").read_text().splitlines()]
            assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        assert "Starting granian" in (tmp_path / "web-api.log").read_text()

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        assert {part: process.wait(STOP_SECONDS) for part, process in processes.items()} == dict.fromkeys(
            parts, 0
        )
    assert not healthy(image, "door", envs["door"])
    assert not healthy(image, "relay", envs["relay"])


def test_a_worker_that_hangs_is_unhealthy(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.touch()
    assert healthy(ROOT, "worker", bare_environment(ALIVE_FILE=str(alive)))
    long_ago = alive.stat().st_mtime - 31
    os.utime(alive, (long_ago, long_ago))

    assert not healthy(ROOT, "worker", bare_environment(ALIVE_FILE=str(alive)))
