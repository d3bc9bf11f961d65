"""The addresses that `deploy/aws` gives Bleep: what its libraries make of them checks the servers' certificates."""

import re
import secrets
import ssl
from pathlib import Path

import environ
import pytest
import redis
from django.urls import reverse
from kombu import Connection

from alerts.responses import links
from deploy.aws.parameters import PARAMETERS
from deploy.aws.platform.urls import ANSWER_LINK, CERTIFICATES, IMAGE, database_url, redis_url
from tests.local.containers import given

REDIS_URL = redis_url(host="master.bleep.example", password="Abc123")
DATABASE_URL = database_url(host="bleep.example", password="Abc123")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/notification",
        "/a/",
        f"/a/{links.EXAMPLE}0",
        f"/a/{links.EXAMPLE}/",
        f"/a/{links.EXAMPLE}/../../admin/",
        f"/a/../{links.EXAMPLE[3:]}",
        f"/a/{'%2e%2e%2f' * 2}admin",
        f"/a/{links.EXAMPLE}\n/admin/",
        f"//a/{links.EXAMPLE}",
    ],
)
def test_the_firewall_lets_no_other_path_through(path: str) -> None:
    assert not re.search(ANSWER_LINK, path)


def test_the_firewall_lets_each_link_through_that_bleep_makes() -> None:
    for _ in range(20):
        token = secrets.token_urlsafe(links.TOKEN_BYTES)
        assert re.search(ANSWER_LINK, reverse("answer", args=[token]))


def test_celery_checks_the_certificate_and_its_name() -> None:
    broker = Connection(REDIS_URL)
    assert broker.ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    assert Connection(REDIS_URL.partition("?")[0]).ssl == {"ssl_cert_reqs": ssl.CERT_NONE}, (
        "so it must be said"
    )


def test_rate_limits_check_them_too() -> None:
    pool = redis.ConnectionPool.from_url(REDIS_URL)
    assert pool.connection_class is redis.SSLConnection
    assert pool.connection_kwargs["ssl_cert_reqs"] == "required"
    assert pool.connection_kwargs["ssl_check_hostname"] is True


def test_postgresql_is_checked_against_the_roots_in_the_image() -> None:
    found = environ.Env.db_url_config(DATABASE_URL)
    assert found["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": f"{IMAGE}/{CERTIFICATES}"}
    assert (found["NAME"], found["USER"], found["PASSWORD"], found["PORT"]) == (
        "bleep",
        "bleep_app",
        "Abc123",
        5432,
    )
    assert given("WORKDIR") == [IMAGE]
    assert any(CERTIFICATES in copy.split()[:-1] for copy in given("COPY"))


def test_there_is_a_root_for_each_region_and_it_is_rdss_own() -> None:
    text = Path(CERTIFICATES).read_text(encoding="utf-8")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)
    roots = set()
    for one in context.get_ca_certs():
        assert one["subject"] == one["issuer"]
        assert int(str(one["notAfter"]).split()[3]) > 2060
        roots |= set(re.findall(r"'commonName', '([^']*)'", str(one["subject"])))
    assert len(roots) == text.count("BEGIN CERTIFICATE")
    assert all(re.fullmatch(r"Amazon RDS [a-z0-9-]+ Root CA RSA2048 G1", name) for name in roots)
    assert f"Amazon RDS {PARAMETERS.region} Root CA RSA2048 G1" in roots
