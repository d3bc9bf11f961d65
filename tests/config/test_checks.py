"""`manage.py check` and the web server report a wrong configuration at the start."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.config.server import ask, check, run
from tests.environment import free_port
from tests.local.machine import run_script
from tests.processes import ENTRY_POINT

NOTHING = dict.fromkeys(("SECRET_KEY", "DATABASE_URL", "REDIS_URL"))


def findings(printed: str) -> dict[str, list[str]]:
    """The sentences of the checks' findings by id, in order."""
    found: dict[str, list[str]] = {}
    for identity, sentence in re.findall(r"^\?: \((\S+)\) (.*)$", printed, re.MULTILINE):
        found[identity] = sorted([*found.get(identity, []), sentence])
    return found


def test_a_complete_environment_passes_every_check_for_a_deployment() -> None:
    done = check("--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stderr) == (0, "")


def test_each_variable_that_is_missing_is_an_error_that_names_it() -> None:
    done = check(**NOTHING)

    assert done.returncode == 1
    assert findings(done.stderr) == {"bleep.E002": ["DATABASE_URL is not set.", "SECRET_KEY is not set."]}
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        ("migrate", ["DATABASE_URL"]),
        ("web-api", ["DATABASE_URL", "SECRET_KEY"]),
        ("web-probes", ["DATABASE_URL", "SECRET_KEY"]),
        ("relay", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"]),
        ("worker-urgent", ["DATABASE_URL", "REDIS_URL"]),
    ],
)
def test_each_part_wants_what_it_needs_and_no_other_secret(part: str, missing: list[str]) -> None:
    done = check(BLEEP_PART=part, **NOTHING)

    assert findings(done.stderr) == {"bleep.E002": [f"{name} is not set." for name in missing]}


@pytest.mark.parametrize("part", ["migrate", "web-api", "web-probes", "relay", "worker-urgent"])
def test_a_part_without_a_variable_that_it_needs_says_so_and_ends(part: str) -> None:
    """Each in its own way, and as a container starts it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    once = {"GRANIAN_PORT": str(free_port()), "GRANIAN_RESPAWN_FAILED_WORKERS": "false"}

    done = run_script([ENTRY_POINT, part], {"PATH": path, **once})

    assert done.returncode != 0
    assert findings(done.stderr) == findings(check(BLEEP_PART=part, **NOTHING).stderr)


UNSAFE = [
    ({"LOCAL_MODE": "true"}, "bleep.E003"),
    ({"DEBUG": "true"}, "bleep.E004"),
    ({"SECRET_KEY": "short"}, "bleep.E005"),
    ({"SECRET_KEY": "a" * 60}, "bleep.E005"),
    ({"SECRET_KEY": "django-insecure-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG"}, "bleep.E005"),
    ({"ALLOWED_HOSTS": "*"}, "bleep.E006"),
    ({"HTTPS": "false"}, "bleep.E007"),
]


@pytest.mark.parametrize(("unsafe", "found"), UNSAFE)
def test_a_setting_for_loopback_alone_stops_a_part_that_others_reach(
    unsafe: dict[str, str], found: str
) -> None:
    ours = {"ALLOWED_HOSTS": "127.0.0.1,localhost", "PUBLIC_URL": None, **unsafe}

    assert check(**ours, GRANIAN_HOST="127.0.0.1").returncode == 0

    stopped = run("-c", "import config.wsgi", **ours, GRANIAN_HOST="::")
    assert stopped.returncode == 1
    assert f"({found})" in stopped.stderr
    named = run(
        "-c", "import config.wsgi", **{**ours, "ALLOWED_HOSTS": f"{ours['ALLOWED_HOSTS']},bleep.example"}
    )
    assert f"({found})" in named.stderr


def test_second_factors_cannot_be_turned_off_on_a_server() -> None:
    stopped = check(REQUIRE_MFA="false", ALLOWED_HOSTS="127.0.0.1", PUBLIC_URL=None)

    assert findings(stopped.stderr) == {
        "bleep.E010": ["REQUIRE_MFA is off: Bleep does without second factors in LOCAL_MODE only."]
    }
    on_this_machine = {"LOCAL_MODE": "true", "ALLOWED_HOSTS": "127.0.0.1", "PUBLIC_URL": None}
    assert check(REQUIRE_MFA="false", **on_this_machine).returncode == 0


def test_the_probes_answer_under_any_name_that_they_have_inside() -> None:
    ask = (
        "from django.test import Client; import config.wsgi;"
        "answer = Client().get('/metrics', headers={'host': 'web-probes:8000', 'authorization': 'Bearer ' + 'm' * 16});"
        "print(answer.status_code)"
    )

    # The token is right, and there is no database behind it.
    done = run("-c", ask, WEB_SERVICE="web-probes", GRANIAN_HOST="::", METRICS_TOKEN="m" * 16)

    assert done.stdout.split()[-1:] == ["503"], done.stderr


def test_each_variable_that_cannot_be_used_is_an_error_that_says_why_once() -> None:
    done = check(
        SECRET_KEY_FILE="/nonexistent",
        DATABASE_URL="sqlite:///bleep.db",
        REDIS_URL="127.0.0.1:6379",
        HTTPS="flase",
        DEBUG="maybe",
        RATE_LIMIT_PER_MINUTE="0",
        CONNECT_RING_SECONDS="61",
        TIME_ZONE="Mars",
        LOG_LEVEL="LOUD",
        LOG_FORMAT="xml",
        SMS_SENDER_ID="12345",
        SMS_MAX_PRICE="a lot",
        SMS_MAX_PARTS="11",
        EMAIL_TOPIC_PREFIX="a topic",
        CONNECT_SOURCE_PHONE_NUMBER="020 7946 0000",
    )

    assert done.returncode == 1
    assert findings(done.stderr) == {
        "bleep.E001": [
            "Bleep cannot read the file that SECRET_KEY_FILE names: check path, permissions and that it is UTF-8.",
            "CONNECT_RING_SECONDS must be a whole number from 15 to 60.",
            "CONNECT_SOURCE_PHONE_NUMBER must be a phone number in E.164 format, for example +442079460000.",
            "DATABASE_URL must be the URL of a PostgreSQL database, for example postgresql://user:password@host:5432/name.",
            "DEBUG must be `true` or `false`.",
            "EMAIL_TOPIC_PREFIX must be 1 to 100 letters, digits, - and _.",
            "HTTPS must be `true` or `false`.",
            "LOG_FORMAT must be one of json, console.",
            "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR.",
            "RATE_LIMIT_PER_MINUTE must be a whole number from 1 to 1000000.",
            "REDIS_URL must be the URL of a Redis, for example redis://host:6379/0.",
            "SMS_MAX_PARTS must be a whole number from 1 to 10; 0 or empty cuts nothing.",
            "SMS_MAX_PRICE must be a price in US dollars, for example 0.50.",
            "SMS_SENDER_ID must be 1 to 11 letters and digits with at least one letter.",
            "TIME_ZONE must be a time zone, for example Europe/London.",
        ]
    }
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("value", "meant"),
    [(None, 0), ("", 0), ("0", 0), ("10", 10), ("11", 0)],
)
def test_an_sms_is_cut_only_where_a_number_of_parts_is_set(value: str | None, meant: int) -> None:
    done = run("-c", "from config import settings; print(settings.SMS_MAX_PARTS)", SMS_MAX_PARTS=value)

    assert done.stdout == f"{meant}\n"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("CONNECT_INSTANCE_ID", None, "bleep.W011"),
        ("CONNECT_CONTACT_FLOW_ID", None, "bleep.W011"),
        ("CONNECT_SOURCE_PHONE_NUMBER", None, "bleep.W012"),
        ("FRONT_DOOR_URL", None, "bleep.W013"),
        ("SMS_ORIGINATION_NUMBER", "+447700900800", "bleep.W014"),
        ("SMS_REPLY_QUEUE_URL", "https://sqs.example/replies", "bleep.W014"),
        ("PUBLIC_URL", "https://elsewhere.example", "bleep.W015"),
        ("SMS_WITHOUT_PATIENT_DATA", "true", "bleep.W016"),
        ("ALLOWED_HOSTS", None, "security.W020"),
    ],
)
def test_a_deployment_that_would_not_work_as_a_whole_is_warned_of(
    name: str, value: str | None, found: str
) -> None:
    done = check("--deploy", "--fail-level", "WARNING", **{name: value})

    assert done.returncode == 1
    assert list(findings(done.stderr)) == [found]


def test_a_queue_is_as_good_as_a_number_to_call_from() -> None:
    done = check(
        "--deploy", "--fail-level", "WARNING", CONNECT_SOURCE_PHONE_NUMBER=None, CONNECT_QUEUE_ID="queue"
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("SECRET_KEY", None, "is not set"), ("DATABASE_URL", "sqlite:///x", "must be the URL")],
)
def test_the_web_server_refuses_to_start_and_says_why(name: str, value: str | None, why: str) -> None:
    done = run("-c", "import config.wsgi", **{name: value})

    assert done.returncode == 1
    assert f"{name} {why}" in done.stderr
    assert "docs/deployment.md explains each variable." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_web_server_starts_with_a_complete_environment() -> None:
    done = run("-c", "import config.wsgi; print(callable(config.wsgi.application))")

    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize(
    ("trust", "forwarded", "status"), [("true", "https", 302), ("true", "http", 301), ("false", "https", 301)]
)
def test_a_proxy_is_believed_only_where_it_is_trusted(trust: str, forwarded: str, status: int) -> None:
    headers = {"Host": "bleep.example", "X-Forwarded-Proto": forwarded}

    answered, headers, _body, _seconds = ask("/", headers, TRUST_PROXY=trust)

    assert answered == status
    assert headers["Location"] == ("/admin/" if status == 302 else "https://bleep.example/")


def test_nothing_of_an_error_is_shown_in_the_browser() -> None:
    status, _headers, body, _seconds = ask("/admin/login/", {"Host": "evil.example"}, HTTPS="false")

    assert status == 400
    assert "evil.example" not in body
