"""The embedded PostgreSQL and Redis come up, go down, survive a kill, and leave nothing running."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.services import (
    EmbeddedPostgres,
    EmbeddedRedis,
    ServiceError,
    Services,
    embedded,
)
from sandbox.services.wheels import for_everybody
from tests.local.machine import ROOT, outside_environment, working_on
from tests.processes import wait_until


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with embedded(tmp_path_factory.mktemp("services")) as running:
        yield running


def setting(services: Services, name: str) -> str:
    with psycopg.connect(services.database_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_postgres_listens_on_no_network(services: Services) -> None:
    assert setting(services, "listen_addresses") == ""
    assert services.postgres.pid is not None
    assert not psutil.Process(services.postgres.pid).net_connections("inet")


def test_postgres_keeps_rows_out_of_its_log(services: Services) -> None:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE reference (patient text PRIMARY KEY)")
        connection.execute("INSERT INTO reference VALUES ('patient-42')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO reference VALUES ('patient-42')")

    log = services.postgres.log.read_text()
    assert "duplicate key" in log
    assert "patient-42" not in log


def test_redis_listens_on_loopback_alone_and_asks_for_a_password(services: Services) -> None:
    assert services.redis.pid is not None
    listening = psutil.Process(services.redis.pid).net_connections("inet")
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    with (
        redis.Redis(port=listening[0].laddr.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_redis_keeps_queued_tasks(services: Services) -> None:
    with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_each_comes_back_under_its_url_with_its_data(services: Services, ending: str) -> None:
    urls = services.database_url, services.redis_url
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (ending text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [ending])
    with redis.Redis.from_url(services.redis_url) as client:
        client.set(ending, "kept")

    for server in (services.postgres, services.redis):
        getattr(server, ending)()
        assert server.pid is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.database_url)
    for server in (services.postgres, services.redis):
        server.start()

    assert (services.database_url, services.redis_url) == urls
    with psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT 1 FROM kept WHERE ending = %s", [ending]).fetchone()
    with redis.Redis.from_url(services.redis_url) as client:
        assert client.get(ending) == b"kept"


def test_a_frozen_server_is_stopped_all_the_same(services: Services) -> None:
    assert services.redis.pid is not None
    os.kill(services.redis.pid, signal.SIGSTOP)

    services.redis.stop()

    assert services.redis.pid is None
    services.redis.start()


def test_a_second_holder_of_the_directory_is_refused(services: Services) -> None:
    directory = services.postgres.directory.parent
    with (
        pytest.raises(ServiceError, match="in use by another process: stop that one first"),
        embedded(directory),
    ):
        pass
    assert services.postgres.pid is not None


def test_a_killed_parents_servers_are_replaced(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from sandbox.services import embedded\n"
        "with embedded(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env=outside_environment(), stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
    running = psutil.process_iter(["name"])  # some of other tests end meanwhile
    left = {process.pid for process in running if process.info["name"] in {"postgres", "redis-server"}}
    assert working_on(tmp_path)

    with embedded(tmp_path) as services:
        assert services.postgres.pid not in left
        assert services.redis.pid not in left
        with psycopg.connect(services.database_url) as connection:
            connection.execute("SELECT 1")

    wait_until(lambda: not working_on(tmp_path), what="no server works on the directory")


def test_a_pid_file_that_names_another_process_is_ignored(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    postgres.start()
    lines = (postgres.directory / "postmaster.pid").read_text().splitlines()
    postgres.kill()
    (postgres.directory / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))

    postgres.start()

    postgres.stop()


def test_a_path_too_long_for_a_socket_does_no_harm(tmp_path: Path) -> None:
    deep = tmp_path / ("a checkout, deep % down " * 4) / ("x" * 60)
    with embedded(deep) as services:
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        socket_dir = Path(setting(services, "unix_socket_directories").strip('"'))
    assert not socket_dir.exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").mkdir()
    server = EmbeddedRedis(tmp_path)

    with pytest.raises(
        ServiceError, match=r"Redis stopped while starting: .*append-only file: Is a directory.*log: "
    ):
        server.start()

    assert server.pid is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL over to somebody who may read less")
@pytest.mark.parametrize("temporary", ["of all", "one's own"])
def test_postgresql_is_copied_out_of_a_directory_that_nobody_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: str
) -> None:
    if temporary == "one's own":
        (tmp_path / "own").mkdir(mode=0o700)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "own"))
    package = tmp_path / "closed" / "wheel"
    for part, name in ((package, "postgres"), (package.with_name("wheel.libs"), "libpq")):
        part.mkdir(parents=True)
        (part / name).write_text(name)
    (tmp_path / "closed").chmod(0o700)

    usable = for_everybody(package)

    try:
        assert (usable / "postgres").read_text() == "postgres"
        assert (usable.with_name("wheel.libs") / "libpq").read_text() == "libpq"
        assert all(directory.stat().st_mode & 0o001 for directory in [usable, *usable.parents])
    finally:
        shutil.rmtree(usable.parent)
