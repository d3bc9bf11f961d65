"""Every environment variable that Bleep reads, with its default and meaning.

`settings.py` reads the environment only through this module, and `make docs` writes `VARIABLES` to docs/deployment.md.
Each variable can also be given as `NAME_FILE`, the path of a file with the value (Docker and Kubernetes secrets).

An invalid value does not break the import: the default is used, and `problems` keeps the error for `config.checks`,
which reports it as a Django system check.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
import phonenumbers


class Variable(NamedTuple):
    """One environment variable. `default` is written as in the environment."""

    default: str
    meaning: str


VARIABLES: dict[str, Variable] = {
    "SECRET_KEY": Variable("", "Signs sessions. Required; `make secrets` makes one."),
    "AUDIT_KEY": Variable(
        "",
        "Key of the digests in the [trail](trail.md), and of those that recognise repeats of expired alerts. "
        "`web-api`, `web-admin` and the relay need the same key. Empty: it is made from `SECRET_KEY`, which must not "
        "change then: earlier searches could not be found, and `verify_audit` could not check earlier seals.",
    ),
    "DEBUG": Variable("false", "Show tracebacks in the browser. Never use it on a server."),
    "ALLOWED_HOSTS": Variable("", "Host names that Bleep serves, separated by commas."),
    "CSRF_TRUSTED_ORIGINS": Variable(
        "", "Origins of the admin behind a proxy, for example `https://bleep.example`."
    ),
    "HTTPS": Variable(
        "true",
        "Redirect browsers to https, refuse API requests over http, secure cookies, HSTS. Off only on loopback.",
    ),
    "TRUST_PROXY": Variable(
        "false",
        "Trust `X-Forwarded-Proto` and `X-Forwarded-For` as the front door passes them on: it takes them from "
        "`TRUSTED_PROXIES` alone.",
    ),
    "LOCAL_MODE": Variable(
        "false", "Add the `load_demo` command and accept the published demo token. Loopback only."
    ),
    "SESSION_IDLE_MINUTES": Variable(
        "15",
        "Staff are logged out after so many minutes in which they do nothing, 1 to 720. That Home and the list of "
        "alerts refresh themselves does not count.",
    ),
    "REQUIRE_MFA": Variable(
        "true",
        "Demand a second factor of superusers, and of users who may hand out tokens or rights, or export. Off in "
        "`LOCAL_MODE` only: otherwise no part starts.",
    ),
    "OIDC_ISSUER": Variable(
        "",
        "Address of the provider of [single sign-on](#single-sign-on) (OpenID Connect), for example "
        "`https://login.example/realms/hospital`. Empty: there is none.",
    ),
    "OIDC_CLIENT_ID": Variable("", "The client ID that the provider has given Bleep."),
    "OIDC_CLIENT_SECRET": Variable("", "The secret that the provider gave Bleep."),
    "OIDC_NAME": Variable("the hospital's login", "The name of single sign-on on the login page."),
    "OIDC_ROLES_CLAIM": Variable("groups", "The claim whose values the table *Roles by sign-on* knows."),
    "OIDC_PROVIDES_MFA": Variable(
        "false",
        "The provider asks everybody for a second factor, so Bleep does not. Otherwise it goes by `amr` in the "
        "provider's token.",
    ),
    "LOCAL_LOGINS": Variable(
        "true", "Take passwords. `false` leaves single sign-on, and the logins in `BREAK_GLASS_LOGINS`."
    ),
    "BREAK_GLASS_LOGINS": Variable(
        "",
        "Names of logins for emergencies, separated by commas. Each use is an error in the log, a finding, and on Home "
        "for a day.",
    ),
    "DEFAULT_COUNTRY": Variable(
        "GB",
        "Country, as two letters, in which a telephone number without a country code is read: 07700 900123 becomes "
        "+44 7700 900123. Empty: each number needs its country code.",
    ),
    "NUMBER_COUNTRIES": Variable(
        "",
        "Countries whose telephone numbers staff may enter, as two letters separated by commas, for example "
        "`GB,GG,IM,JE,IE`. Empty: `DEFAULT_COUNTRY` alone. `all`: every country, and satellites.",
    ),
    "NUMBER_TYPES": Variable(
        "fixed_line,mobile,fixed_line_or_mobile,voip,personal_number,uan,toll_free,pager,unknown",
        "Kinds of numbers that staff may enter, as the library phonenumbers names them. The default leaves out "
        "`premium_rate`, `shared_cost` and `voicemail`. `unknown` is a number not in use, as far as the library knows.",
    ),
    "TIME_ZONE": Variable("Europe/London", "Time zone of the times that staff see. The database stores UTC."),
    "DATABASE_URL": Variable(
        "",
        "PostgreSQL: `postgresql://user:password@host:5432/name`. Required. On another machine "
        "[with TLS](#encryption): `?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt` at its end.",
    ),
    "MIGRATE_DATABASE_URL": Variable(
        "",
        "The same database with the [role that owns its tables](#two-roles-in-the-database), for "
        "`migrate` alone. It makes the role of `DATABASE_URL`, which owns nothing. Empty: `DATABASE_URL` does both.",
    ),
    "REDIS_URL": Variable(
        "",
        "Celery's broker: `redis://host:6379/0` or `redis+socket:///path`. Required. On another machine "
        "[with TLS](#encryption): `rediss://`, and `?ssl_cert_reqs=required&ssl_check_hostname=true` at its end.",
    ),
    "PRIVATE_NETWORK_HOSTS": Variable(
        "",
        "Hosts of PostgreSQL and Redis that Bleep reaches by a network in which nobody else is, separated by commas. "
        "There it does [without TLS](#encryption).",
    ),
    "LOG_LEVEL": Variable("INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
    "LOG_FORMAT": Variable("json", "`json`, or `console` for a terminal."),
    "TRACES": Variable(
        "",
        "Where [traces](monitoring.md#traces) go: `otlp` for a collector at `OTEL_EXPORTER_OTLP_ENDPOINT`, or the path "
        "of a file. Empty: there are none.",
    ),
    "RATE_LIMIT_PER_MINUTE": Variable(
        "600",
        "Requests per minute of an API client without its own limit. Sending and reading are counted apart.",
    ),
    "PUBLIC_DOCS": Variable(
        "false",
        "Show the API's documentation, `/docs` and `/schema`, to everybody who reaches Bleep, and not only to users "
        "who are logged in to the staff's site.",
    ),
    "ALLOW_UNKNOWN_FIELDS": Variable(
        "false",
        "Ignore fields that an alert does not have, and query parameters beside it, for senders that add their own. A "
        "misspelt one is ignored, too.",
    ),
    "REFUSE_NHS_NUMBERS": Variable(
        "true",
        "Refuse an alert with a valid NHS number in `patient_id`, `description`, `type` or `message_id`, however it is "
        "written. Turn it off if your references or message IDs are ten digits: up to one in eleven would be refused.",
    ),
    "EMAIL_TOPIC_PREFIX": Variable(
        "bleep", "Start of the names of the SNS topics, one for each e-mail address."
    ),
    "EMAIL_TOPIC_KMS_KEY": Variable(
        "",
        "KMS key (ARN, ID or alias) that encrypts these topics. A change reaches each topic within the hour.",
    ),
    "SMS_SENDER_ID": Variable(
        "", "Sender shown on an SMS: 1 to 11 letters and digits, with at least one letter."
    ),
    "SMS_MAX_PRICE": Variable("", "Highest price of one SMS in US dollars, for example `0.50`."),
    "SMS_MAX_PARTS": Variable(
        "",
        "Cut the text of an SMS that needs more parts, 1 to 10. None is cut while this is empty or 0.",
    ),
    "SMS_ORIGINATION_NUMBER": Variable(
        "",
        "Number of your own that SMS come from and replies go to, in E.164 format. A sender ID cannot receive: with "
        "this number, `SMS_SENDER_ID` is not used.",
    ),
    "SMS_REPLY_QUEUE_URL": Variable(
        "",
        "SQS queue with the [replies](aws.md#replies-by-sms) to that number. Without both nobody can reply by SMS.",
    ),
    "CONNECT_EVENT_QUEUE_URL": Variable(
        "",
        "SQS queue with [events of calls](aws.md#events-of-calls): a call that has ended, or in which a key was "
        "pressed, is asked about at once. Empty: each is asked about every five seconds, as far as the quota goes.",
    ),
    "SMS_WITHOUT_PATIENT_DATA": Variable(
        "false",
        "Keep text and patient reference out of every SMS: it says that there is an alert, and has a link to read it. "
        "Needs `PUBLIC_URL`.",
    ),
    "TELL_FORMER_ADDRESSES": Variable(
        "true",
        "When somebody changes a clinician's number or e-mail address, tell the old one that alerts go elsewhere now. "
        "The message names nobody.",
    ),
    "KEEP_TEXTS_DAYS": Variable(
        "90",
        "Days after which the text, patient reference and addresses of an alert that has ended are "
        "[replaced](recovery.md#expiry-and-erasure) by `(expired)`, up to 36,500. 0: never.",
    ),
    "KEEP_ALERTS_YEARS": Variable(
        "8",
        "Years after which what is left of an alert is deleted, up to 100. The default is that of the NHS Records "
        "Management Code of Practice for health records of adults. 0: never.",
    ),
    "KEEP_LEAVERS_DAYS": Variable(
        "365",
        "Days after which a clinician who is inactive loses name, role, contact ID and addresses, in the history, too, "
        "up to 36,500. 0: never.",
    ),
    "EXPIRE_AT_HOUR": Variable(
        "3",
        "Hour of the day, 0 to 23 in `TIME_ZONE`, at which a relay lets data expire (`manage.py expire`).",
    ),
    "PUBLIC_URL": Variable(
        "",
        "Address at which people's telephones reach Bleep, for example `https://bleep.example`: messages that want an "
        "answer have a link to it. Empty: there are no links.",
    ),
    "CONNECT_INSTANCE_ID": Variable("", "Amazon Connect instance that places the calls."),
    "CONNECT_CONTACT_FLOW_ID": Variable("", "Contact flow that speaks `Message` and `Message2`."),
    "CONNECT_SOURCE_PHONE_NUMBER": Variable(
        "", "Number that calls come from, in E.164 format. Set this or `CONNECT_QUEUE_ID`."
    ),
    "CONNECT_QUEUE_ID": Variable("", "Queue whose caller number is used if there is no source number."),
    "CONNECT_CALLS_PER_SECOND": Variable(
        "2", "Calls that the AWS account may start per second. AWS's default quota is 2."
    ),
    "SMS_PER_SECOND": Variable("20", "SMS that the AWS account may send per second."),
    "LEASE_SECONDS": Variable(
        "60", "How long a worker may hold a delivery, 30 to 600. Use less than the default only in tests."
    ),
    "FRONT_DOOR_URL": Variable(
        "",
        "Address of the front door inside the deployment, for example `http://door:8000`. Health checks send it a test "
        "alert that leaves nothing behind. Without it nobody notices an intake that hangs.",
    ),
    "DEADMAN_URL": Variable(
        "",
        "URL that the relay fetches while all health checks pass: a dead-man's switch, which alarms when that stops.",
    ),
    "METRICS_TOKEN": Variable(
        "", "Bearer token for `/metrics`, at least 16 characters. `/metrics` is off while this is empty."
    ),
    "CONNECT_RING_SECONDS": Variable(
        "30", "How long a call rings, 15 to 60. Choose less than the time until voicemail answers."
    ),
    "REPEAT_AFTER_SECONDS": Variable(
        "60",
        "How long to wait before a channel that a route names again is tried again, 10 to 600. "
        "A call that nobody answered rings again after this time.",
    ),
}
"""boto3 reads its own variables (`AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …), and so does
OpenTelemetry while `TRACES` is set (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_PROPAGATORS`, …)."""


class InvalidVariable(NamedTuple):
    """A variable with an invalid value. `sentence` says why, without the value, which may be a secret."""

    name: str
    sentence: str


problems: list[InvalidVariable] = []
T = TypeVar("T")
SCHEME = re.compile(r"postgres(ql)?://")
ALL = "ALL"
_NUMBER_TYPES = {
    word: value for word, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)
}
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


def text(name: str) -> str:
    """The value without surrounding white space. `NAME_FILE` comes before `NAME`."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return os.environ.get(name, VARIABLES[name].default).strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        message = f"Bleep cannot read the file that {name}_FILE names: check path, permissions and that it is UTF-8."
        problems.append(InvalidVariable(name, message))
        return VARIABLES[name].default


def words(name: str) -> list[str]:
    """The parts between commas, without empty ones."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def flag(name: str) -> bool:
    """True or false. Anything else is reported: `HTTPS=flase` must not turn HTTPS off."""
    return _read(name, _as_flag, "must be `true` or `false`.")


def number(name: str, *, minimum: int, maximum: int) -> int:
    """A whole number from `minimum` to `maximum`."""

    def parse(value: str) -> int:
        found = int(value)
        if not minimum <= found <= maximum:
            raise ValueError(name)
        return found

    return _read(name, parse, f"must be a whole number from {minimum} to {maximum}.")


def choice(name: str, *, among: tuple[str, ...]) -> str:
    """One of the words `among`."""

    def parse(value: str) -> str:
        if value not in among:
            raise ValueError(name)
        return value

    return _read(name, parse, f"must be one of {', '.join(among)}.")


def matching(name: str, pattern: str, message: str) -> str:
    """Text that fully matches `pattern`, or an empty text."""

    def parse(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(name)
        return value

    return _read(name, parse, message)


def zone(name: str) -> str:
    """A time zone's name."""

    def parse(value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(name) from error

    return _read(name, parse, "must be a time zone, for example Europe/London.")


def country(name: str) -> str:
    """A country's two letters, or an empty text."""

    def parse(value: str) -> str:
        if value and value.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(name)
        return value.upper()

    return _read(name, parse, "must be a country as two letters, for example GB, or empty.")


def countries(name: str) -> frozenset[str]:
    """Countries, each as two letters. `all` is among them where it was given."""

    def parse(value: str) -> frozenset[str]:
        found = {word.strip().upper() for word in value.split(",") if word.strip()}
        if not found <= {ALL, *phonenumbers.SUPPORTED_REGIONS}:
            raise ValueError(name)
        return frozenset(found)

    return _read(
        name, parse, "must be countries as two letters, separated by commas, for example GB,IE, or all."
    )


def number_types(name: str) -> frozenset[int]:
    """Kinds of telephone numbers, by the names of the library."""

    def parse(value: str) -> frozenset[int]:
        found = {word.strip().upper() for word in value.split(",") if word.strip()}
        if not found <= set(_NUMBER_TYPES):
            raise ValueError(name)
        return frozenset(_NUMBER_TYPES[word] for word in found)

    known = ", ".join(word.lower() for word in _NUMBER_TYPES)
    return _read(name, parse, f"must be some of these, separated by commas: {known}.")


def database(name: str) -> dict[str, Any]:
    """Django's settings for the PostgreSQL database at the URL. Without one, the database name says so."""

    def parse(value: str) -> dict[str, Any]:
        if not value:
            return nothing
        found: dict[str, Any] = dict(environ.Env.db_url_config(value)) if SCHEME.match(value) else {}
        if not found.get("NAME"):
            raise ValueError(name)
        return found

    nothing = {"ENGINE": "django.db.backends.postgresql", "NAME": "bleep_is_not_configured"}
    message = (
        "must be the URL of a PostgreSQL database, for example postgresql://user:password@host:5432/name."
    )
    return _read(name, parse, message)


def _as_flag(value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError(value)


def _read(name: str, parse: Callable[[str], T], message: str) -> T:
    try:
        return parse(text(name))
    except ValueError:
        problems.append(InvalidVariable(name, f"{name} {message}"))
        return parse(VARIABLES[name].default)
