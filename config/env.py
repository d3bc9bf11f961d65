"""Every environment variable that Bleep reads: its default and what it is for.

`settings.py` takes its values only from here; a test holds the table in docs/deployment.md to `VARIABLES`.
Each variable may also be given as `NAME_FILE`, the path of a file that holds the value (Docker and Kubernetes secrets).

A value that cannot be read never breaks the import: the default stands in, and the fault is kept in `problems`,
which `config.checks` reports as a Django system check.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ


class Variable(NamedTuple):
    """One environment variable; `default` is written as it would stand in the environment."""

    default: str
    meaning: str


VARIABLES: dict[str, Variable] = {
    "SECRET_KEY": Variable("", "Signs sessions. No default: make one with `make secrets`."),
    "DEBUG": Variable("false", "Shows tracebacks in the browser. Never on a server."),
    "ALLOWED_HOSTS": Variable("", "The host names that Bleep answers to, separated by commas."),
    "CSRF_TRUSTED_ORIGINS": Variable(
        "", "Origins of the admin behind a proxy, such as `https://bleep.example`."
    ),
    "HTTPS": Variable(
        "true",
        "Redirect people to https, refuse the API over http, secure cookies, HSTS. Off only on loopback.",
    ),
    "TRUST_PROXY": Variable(
        "false", "Believe `X-Forwarded-Proto` from the proxy in front (it must overwrite it)."
    ),
    "LOCAL_MODE": Variable(
        "false", "Adds the demo command, and lets its well-known token in. Loopback only."
    ),
    "TIME_ZONE": Variable("Europe/London", "The zone in which staff see times; the database keeps UTC."),
    "DATABASE_URL": Variable("", "PostgreSQL, `postgresql://user:password@host:5432/name`. No default."),
    "REDIS_URL": Variable(
        "", "The Celery broker, `redis://host:6379/0` or `redis+socket:///path`. No default."
    ),
    "LOG_LEVEL": Variable("INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
    "LOG_FORMAT": Variable("json", "`json`, or `console` for people."),
    "RATE_LIMIT_PER_MINUTE": Variable(
        "600",
        "Requests a minute, of each kind (sending, reading), for an API client without a limit of its own.",
    ),
    "REFUSE_NHS_NUMBERS": Variable(
        "true", "Refuse a `patient_id` that is a valid NHS number. Off where own references have ten digits."
    ),
    "EMAIL_TOPIC_PREFIX": Variable("bleep", "First part of the name of each clinician's SNS topic."),
    "SMS_SENDER_ID": Variable("", "Sender shown on an SMS: 1–11 letters and digits, at least one letter."),
    "SMS_MAX_PRICE": Variable("", "The most that one SMS may cost, in US dollars, such as `0.50`."),
    "CONNECT_INSTANCE_ID": Variable("", "The Amazon Connect instance that places calls."),
    "CONNECT_CONTACT_FLOW_ID": Variable("", "The contact flow that speaks `Message` and `Message2`."),
    "CONNECT_SOURCE_PHONE_NUMBER": Variable("", "The number that calls come from, E.164; or set the queue."),
    "CONNECT_QUEUE_ID": Variable("", "The queue whose caller number is used, instead of a source number."),
    "CONNECT_CALLS_PER_SECOND": Variable(
        "2", "Calls a second that the account may start (AWS's default quota is 2)."
    ),
    "SMS_PER_SECOND": Variable("20", "SMS a second that the account may send."),
    "LEASE_SECONDS": Variable(
        "60", "How long a worker may hold a delivery, 30–600. Shorter than the default for tests only."
    ),
    "DEADMAN_URL": Variable(
        "", "Fetched by the relay while its audit passes: an outside switch that misses silence."
    ),
    "METRICS_TOKEN": Variable(
        "", "The bearer token for `/metrics`, which answers nobody while this is empty."
    ),
    "CONNECT_RING_SECONDS": Variable("30", "How long a call rings, 15–60: less than the voicemail waits."),
}
"""AWS's own variables (`AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …) are read by boto3 itself."""


class InvalidVariable(NamedTuple):
    """A variable whose value cannot be used, and why, in a sentence. The value is not repeated: it may be a secret."""

    name: str
    sentence: str


problems: list[InvalidVariable] = []
T = TypeVar("T")
SCHEME = re.compile(r"postgres(ql)?://")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


def text(name: str) -> str:
    """The variable as it stands, without surrounding white space. `NAME_FILE` goes before `NAME`."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return os.environ.get(name, VARIABLES[name].default).strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        complaint = (
            f"The file that {name}_FILE names cannot be read: check its path, its mode and that it is UTF-8."
        )
        problems.append(InvalidVariable(name, complaint))
        return VARIABLES[name].default


def words(name: str) -> list[str]:
    """The variable's parts between commas, without the empty ones."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def flag(name: str) -> bool:
    """True or false; anything that is clearly neither is a problem, since `HTTPS=flase` must not pass for a choice."""
    return _read(name, _as_flag, "is neither true nor false: write `true` or `false`.")


def number(name: str, *, least: int, most: int) -> int:
    """A whole number within `least` and `most`."""

    def parse(value: str) -> int:
        found = int(value)
        if not least <= found <= most:
            raise ValueError(name)
        return found

    return _read(name, parse, f"is not a whole number from {least} to {most}.")


def choice(name: str, *, among: tuple[str, ...]) -> str:
    """One of the words `among`."""

    def parse(value: str) -> str:
        if value not in among:
            raise ValueError(name)
        return value

    return _read(name, parse, f"is none of {', '.join(among)}.")


def matching(name: str, pattern: str, complaint: str) -> str:
    """Text that the whole of `pattern` matches, or nothing."""

    def parse(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(name)
        return value

    return _read(name, parse, complaint)


def zone(name: str) -> str:
    """A time zone's name."""

    def parse(value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(name) from error

    return _read(name, parse, "is not a time zone, such as Europe/London.")


def database(name: str) -> dict[str, Any]:
    """Django's settings for the PostgreSQL that the URL names; where there is none, a name that says so."""

    def parse(value: str) -> dict[str, Any]:
        if not value:
            return nothing
        found: dict[str, Any] = dict(environ.Env.db_url_config(value)) if SCHEME.match(value) else {}
        if not found.get("NAME"):
            raise ValueError(name)
        return found

    nothing = {"ENGINE": "django.db.backends.postgresql", "NAME": "bleep_is_not_configured"}
    complaint = "is not an address of PostgreSQL, such as postgresql://user:password@host:5432/name."
    return _read(name, parse, complaint)


def _as_flag(value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError(value)


def _read(name: str, parse: Callable[[str], T], complaint: str) -> T:
    try:
        return parse(text(name))
    except ValueError:
        problems.append(InvalidVariable(name, f"{name} {complaint}"))
        return parse(VARIABLES[name].default)
