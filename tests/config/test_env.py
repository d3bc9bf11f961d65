"""Environment variables: every type, and what happens to invalid values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import env


@pytest.fixture(autouse=True)
def problems(monkeypatch: pytest.MonkeyPatch) -> list[env.InvalidVariable]:
    """The problems that this test finds. The environment has none of Bleep's variables."""
    for name in env.VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    found: list[env.InvalidVariable] = []
    monkeypatch.setattr(env, "problems", found)
    return found


Give = Callable[[str, str], None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    return monkeypatch.setenv


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        *((value, True) for value in ("true", "True", "1", "yes", " on ")),
        *((value, False) for value in ("false", "FALSE", "0", "no", "off", "")),
    ],
)
def test_a_flag_is_read(give: Give, problems: list[env.InvalidVariable], value: str, meant: bool) -> None:
    give("TRUST_PROXY", value)

    assert env.flag("TRUST_PROXY") is meant
    assert problems == []


@pytest.mark.parametrize("value", ["flase", "2", "y", "tru e", "none"])
def test_an_invalid_flag_is_reported_and_the_default_is_used(
    give: Give, problems: list[env.InvalidVariable], value: str
) -> None:
    give("HTTPS", value)

    assert env.flag("HTTPS") is True
    assert problems == [env.InvalidVariable("HTTPS", "HTTPS must be `true` or `false`.")]


@pytest.mark.parametrize("value", ["15", "60", " 30 "])
def test_a_number_within_its_bounds_is_read(
    give: Give, problems: list[env.InvalidVariable], value: str
) -> None:
    give("CONNECT_RING_SECONDS", value)

    assert env.number("CONNECT_RING_SECONDS", minimum=15, maximum=60) == int(value)
    assert problems == []


@pytest.mark.parametrize("value", ["14", "61", "-30", "30.5", "half a minute", ""])
def test_any_other_number_is_reported_and_the_default_is_used(
    give: Give, problems: list[env.InvalidVariable], value: str
) -> None:
    give("CONNECT_RING_SECONDS", value)

    assert env.number("CONNECT_RING_SECONDS", minimum=15, maximum=60) == 30
    assert [problem.sentence for problem in problems] == [
        "CONNECT_RING_SECONDS must be a whole number from 15 to 60."
    ]


def test_a_choice_is_one_of_the_given_words(give: Give, problems: list[env.InvalidVariable]) -> None:
    give("LOG_FORMAT", "xml")

    assert env.choice("LOG_FORMAT", among=("json", "console")) == "json"
    assert [problem.sentence for problem in problems] == ["LOG_FORMAT must be one of json, console."]


def test_words_are_separated_by_commas(give: Give) -> None:
    give("ALLOWED_HOSTS", " bleep.example, ,10.0.0.1,")

    assert env.words("ALLOWED_HOSTS") == ["bleep.example", "10.0.0.1"]


@pytest.mark.parametrize(("value", "read"), [("BLEEP1", "BLEEP1"), ("", ""), ("12345", ""), ("B" * 12, "")])
def test_text_that_does_not_match_is_not_used(give: Give, value: str, read: str) -> None:
    give("SMS_SENDER_ID", value)

    assert env.matching("SMS_SENDER_ID", "(?=.*[A-Z])[A-Z0-9]{1,11}", "is wrong.") == read


@pytest.mark.parametrize("value", ["Mars", "", "../etc/passwd", "Europe", "/etc/localtime"])
def test_an_unknown_time_zone_is_reported(
    give: Give, problems: list[env.InvalidVariable], value: str
) -> None:
    give("TIME_ZONE", value)

    assert env.zone("TIME_ZONE") == "Europe/London"
    assert [problem.sentence for problem in problems] == [
        "TIME_ZONE must be a time zone, for example Europe/London."
    ]


@pytest.mark.parametrize("secret", ["$HOME", "$", "a$b", "#x", "'quoted'", "{x}", "%s"])
def test_a_secret_is_taken_as_it_is_written(give: Give, secret: str) -> None:
    give("SECRET_KEY", secret)

    assert env.text("SECRET_KEY") == secret


def test_a_value_may_come_from_a_file(give: Give, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file ü\n", encoding="utf-8")
    give("SECRET_KEY_FILE", str(tmp_path / "key"))
    give("SECRET_KEY", "from the environment")

    assert env.text("SECRET_KEY") == "from a file ü"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_reported(
    give: Give, problems: list[env.InvalidVariable], tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    give("SECRET_KEY_FILE", str(tmp_path / "key"))
    give("SECRET_KEY", "from the environment")

    assert env.text("SECRET_KEY") == ""
    assert [problem.sentence for problem in problems] == [
        "Bleep cannot read the file that SECRET_KEY_FILE names: check path, permissions and that it is UTF-8."
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://user:p%40ss%2Fword@db.example:5433/bleep",
            {"NAME": "bleep", "USER": "user", "PASSWORD": "p@ss/word", "HOST": "db.example", "PORT": 5433},
        ),
        ("postgres://user@db.example/bleep", {"NAME": "bleep", "USER": "user", "HOST": "db.example"}),
        (
            "postgresql://user@/bleep?host=/socket/dir",
            {"NAME": "bleep", "HOST": "", "OPTIONS": {"host": "/socket/dir"}},
        ),
        (
            "postgresql://user@db.example/bleep?sslmode=verify-full&connect_timeout=7",
            {"OPTIONS": {"sslmode": "verify-full", "connect_timeout": 7}},
        ),
    ],
)
def test_a_database_address_is_read(
    give: Give, problems: list[env.InvalidVariable], url: str, expected: dict[str, Any]
) -> None:
    give("DATABASE_URL", url)

    database = env.database("DATABASE_URL")

    assert {name: database[name] for name in expected} == expected
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert problems == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///bleep.db",
        "mysql://user:hunter2@db.example/bleep",
        "hunter2",
        "postgresql://user:hunter2@db.example",
        "postgresql://user:hunter2@db.example:port/bleep",
        "postgresql://user:hun/ter2@db.example/bleep",
    ],
)
def test_any_other_address_is_reported_without_its_password(
    give: Give, problems: list[env.InvalidVariable], url: str
) -> None:
    give("DATABASE_URL", url)

    assert env.database("DATABASE_URL")["NAME"] == "bleep_is_not_configured"
    assert problems == [
        env.InvalidVariable(
            "DATABASE_URL",
            "DATABASE_URL must be the URL of a PostgreSQL database, for example postgresql://user:password@host:5432/name.",
        )
    ]


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS"])
def test_required_variables_have_no_default(name: str) -> None:
    assert env.text(name) == ""


@pytest.mark.parametrize(
    ("name", "safe"), [("DEBUG", False), ("LOCAL_MODE", False), ("TRUST_PROXY", False), ("HTTPS", True)]
)
def test_the_defaults_are_safe(name: str, safe: bool) -> None:
    assert env.flag(name) is safe
