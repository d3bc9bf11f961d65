"""PostgreSQL and Redis on other machines are reached by TLS, and prove who they are."""

import pytest

from config import env
from config.security import encryption
from deploy.aws.platform import urls
from tests.config.server import check, run

PRIVATE = frozenset({"postgres", "redis", "10.0.0.7"})
CHECKED = "sslmode=verify-full&sslrootcert=/ca.pem"
DATABASE = "postgresql://bleep:secret@"


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def is_postgresql_safe(monkeypatch: pytest.MonkeyPatch, url: str) -> bool:
    monkeypatch.setenv("DATABASE_URL", url)
    return encryption.is_postgresql_safe(url, env.database("DATABASE_URL"), PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        f"{DATABASE}127.0.0.1:5432/bleep",
        f"{DATABASE}127.1.2.3/bleep?sslmode=disable",
        f"{DATABASE}[::1]:5432/bleep",
        f"{DATABASE}localhost/bleep",
        f"{DATABASE}LOCALHOST/bleep",
        f"{DATABASE}/bleep",
        f"{DATABASE}/bleep?host=/var/run/postgresql",
        f"{DATABASE}/bleep?host=@bleep",
        f"{DATABASE}127.0.0.1,[::1]/bleep",
        f"{DATABASE}postgres:5432/bleep",
        f"{DATABASE}10.0.0.7/bleep",
        f"{DATABASE}db.example/bleep?{CHECKED}",
        f"{DATABASE}db.example,other.example/bleep?connect_timeout=5&{CHECKED}",
        f"{DATABASE}[2001:db8::7]:5432/bleep?{CHECKED}",
        urls.database_url(host="master.bleep.example", password="Abc123"),
    ],
)
def test_a_database_is_here_or_proves_itself(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert is_postgresql_safe(monkeypatch, url)


@pytest.mark.parametrize(
    "url",
    [
        f"{DATABASE}db.example/bleep",
        f"{DATABASE}db.example/bleep?sslmode=require",
        f"{DATABASE}db.example/bleep?sslmode=verify-ca",
        f"{DATABASE}db.example/bleep?sslmode=VERIFY-FULL",
        f"{DATABASE}db.example/bleep?SSLMODE=verify-full",
        f"{DATABASE}db.example/bleep?sslmode=",
        f"{DATABASE}db.example/bleep?application_name=sslmode%3Dverify-full",
        f"{DATABASE}db.example/bleep?sslmode=verify-full&sslmode=disable",
        f"{DATABASE}db.example/bleep?sslmode=disable&sslmode=verify-full",
        f"{DATABASE}localhost@db.example/bleep",
        f"{DATABASE}localhost.example/bleep",
        f"{DATABASE}127.0.0.1,db.example/bleep",
        f"{DATABASE}127.0.0.1.example/bleep",
        f"{DATABASE}0.0.0.0/bleep",
        f"{DATABASE}[::]/bleep",
        f"{DATABASE}[2001:db8::7]/bleep",
        f"{DATABASE}10.0.0.70/bleep",
        f"{DATABASE}postgres.example/bleep",
        f"{DATABASE}/bleep?host=db.example",
        f"{DATABASE}localhost/bleep?host=db.example",
        f"{DATABASE}localhost/bleep?hostaddr=192.0.2.7",
        f"{DATABASE}/bleep?service=elsewhere",
    ],
)
def test_no_other_database_is_spoken_to(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert not is_postgresql_safe(monkeypatch, url)


@pytest.mark.parametrize(
    ("name", "value"), [("PGHOST", "db.example"), ("PGHOSTADDR", "192.0.2.7"), ("PGSERVICE", "elsewhere")]
)
def test_libpqs_environment_variables_count(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    assert not is_postgresql_safe(monkeypatch, f"{DATABASE}/bleep")


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://:secret@[::1]:6379/0",
        "redis://localhost",
        "redis+socket:///run/redis.sock?virtual_host=1",
        "redis://:secret@REDIS:6379/0",
        "rediss://:secret@redis.example:6379/0?ssl_cert_reqs=required",
        "rediss://redis.example/0?ssl_ca_certs=/run/secrets/ca.pem&ssl_cert_reqs=required&ssl_check_hostname=TRUE",
        "redis://127.0.0.1:6379;rediss://redis.example?ssl_cert_reqs=required",
        urls.redis_url(host="master.bleep.example", password="Abc123"),
    ],
)
def test_redis_is_here_or_proves_itself(url: str) -> None:
    assert encryption.is_redis_safe(url, PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.example:6379/0",
        "redis://:secret@redis.example/0?ssl_cert_reqs=required",
        "rediss://redis.example:6379/0",
        "rediss://redis.example/0?ssl_cert_reqs=none",
        "rediss://redis.example/0?ssl_cert_reqs=optional",
        "rediss://redis.example/0?SSL_CERT_REQS=required",
        "rediss://redis.example/0?ssl_cert_reqs=required&ssl_cert_reqs=none",
        "rediss://redis.example/0?ssl_cert_reqs=none&ssl_cert_reqs=required",
        "rediss://redis.example/0?ssl_cert_reqs=required&ssl_check_hostname=false",
        "rediss://redis.example/0?ssl_cert_reqs=required&ssl_check_hostname=0",
        "rediss://redis.example/0?ssl_cert_reqs=required&ssl_check_hostname=true&ssl_check_hostname=no",
        "rediss://redis.example/0#?ssl_cert_reqs=required",
        "redis://localhost:6379;redis://redis.example:6379",
        "redis://localhost@redis.example",
        "redis://0.0.0.0:6379",
        "redis://[2001:db8::7]",
        "redis://[::1",
    ],
)
def test_no_other_redis_is_spoken_to(url: str) -> None:
    assert not encryption.is_redis_safe(url, PRIVATE)


ELSEWHERE = [
    ({"DATABASE_URL": f"{DATABASE}db.example/bleep?sslmode=require"}, "bleep.E008", "sslmode=verify-full"),
    ({"MIGRATE_DATABASE_URL": f"{DATABASE}db.example/bleep"}, "bleep.E008", "sslmode=verify-full"),
    ({"REDIS_URL": "rediss://:secret@db.example:6379/0"}, "bleep.E009", "ssl_cert_reqs=required"),
    ({"AWS_ENDPOINT_URL_SNS": "http://db.example:4566"}, "bleep.E011", "https://"),
    ({"CELERY_BROKER_URL": "redis://:secret@db.example:6379/0"}, "bleep.E009", "ssl_cert_reqs=required"),
]


@pytest.mark.parametrize(("elsewhere", "found", "remedy"), ELSEWHERE)
def test_a_part_that_would_speak_in_the_clear_does_not_start_and_says_what_to_write(
    elsewhere: dict[str, str], found: str, remedy: str
) -> None:
    stopped = run("-c", "import config.wsgi", **elsewhere)

    [name] = elsewhere
    assert stopped.returncode == 1
    assert f"({found}) {name} names a server that is not this machine" in stopped.stderr
    assert remedy in stopped.stderr
    assert "secret" not in stopped.stderr
    assert check(**elsewhere, PRIVATE_NETWORK_HOSTS="cache.example, DB.example").returncode == 0


@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL"])
def test_migrate_asks_before_it_connects(name: str) -> None:
    stopped = run("manage.py", "migrate", **{name: f"{DATABASE}db.example/bleep"})

    assert stopped.returncode == 1
    assert f"(bleep.E008) {name} names a server" in stopped.stderr
    assert "OperationalError" not in stopped.stderr
