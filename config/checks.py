"""System checks that report a missing or wrong setting at the start, not at the first alert."""

import os
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from config import env
from config.security import addresses, encryption

ALWAYS = ("SECRET_KEY", "DATABASE_URL")
REQUIRED = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL")
NEEDED = {
    "migrate": ("DATABASE_URL",),
    "relay": REQUIRED,
    "worker": ("DATABASE_URL", "REDIS_URL"),
    "worker-urgent": ("DATABASE_URL", "REDIS_URL"),
}
"""The variables that each part needs; `ALWAYS` for any other. `deploy/entrypoint` says which part a process is."""
SHORTEST_KEY, FEWEST_SIGNS = 50, 5
KNOWN_KEYS = ("django-insecure-", "for-tests-only")
"""The beginnings of published keys."""
HINT = "docs/deployment.md explains each variable."
DATABASES = ("DATABASE_URL", "MIGRATE_DATABASE_URL")
BROKERS = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")
"""Celery reads them itself, and they win over REDIS_URL."""
AWS = "AWS_ENDPOINT_URL"
"""boto3 also reads it with `_` and the name of a service at the end, for that service alone."""
OR_PRIVATE = (
    " If nobody else can read what passes in the network between, name the host in PRIVATE_NETWORK_HOSTS: "
    "docs/deployment.md#encryption says more."
)


@register(Tags.security)
def check_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.E001: a variable has an invalid value. bleep.E002: a required variable is missing."""
    found: list[CheckMessage] = [
        Error(problem.sentence, hint=HINT, id="bleep.E001") for problem in env.problems
    ]
    at_fault = {problem.name for problem in env.problems}
    needed = NEEDED.get(os.environ.get("BLEEP_PART", ""), ALWAYS)
    missing = [name for name in needed if name not in at_fault and not env.text(name)]
    found += [Error(f"{name} is not set.", hint=HINT, id="bleep.E002") for name in missing]
    return found


@register(Tags.security)
def check_exposure(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.E003 to bleep.E007: a setting for this machine alone, where others can reach the process."""
    if not _is_exposed():
        return []
    unsafe = (
        ("bleep.E003", settings.LOCAL_MODE, "LOCAL_MODE is on: everybody knows the demo's token and login."),
        ("bleep.E004", settings.DEBUG, "DEBUG is on: it shows settings and data in the browser."),
        (
            "bleep.E005",
            _is_weak(),
            "SECRET_KEY is short or known: whoever has it can log in.",
        ),
        (
            "bleep.E006",
            "*" in env.words("ALLOWED_HOSTS"),
            "ALLOWED_HOSTS is *: links would lead where a stranger says.",
        ),
        (
            "bleep.E007",
            not settings.HTTPS,
            "HTTPS is off: tokens and passwords would cross the network in the clear.",
        ),
    )
    return [
        Error(
            f"{sentence} Bleep starts with it on loopback alone, and GRANIAN_HOST or ALLOWED_HOSTS say otherwise.",
            hint="Unset it; `make secrets` makes a key." if name == "bleep.E005" else "Correct it.",
            id=name,
        )
        for name, applies, sentence in unsafe
        if applies
    ]


@register(Tags.security)
def check_factors(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.E010: REQUIRE_MFA is off, but Bleep would demand a second factor all the same."""
    if settings.LOCAL_MODE or env.flag("REQUIRE_MFA"):
        return []
    return [
        Error(
            "REQUIRE_MFA is off: Bleep does without second factors in LOCAL_MODE only.",
            hint="Unset it. docs/deployment.md#second-factors says who needs one.",
            id="bleep.E010",
        )
    ]


@register(Tags.security)
def check_encryption(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.E008, bleep.E009, bleep.E011: secrets would cross a network in the clear, or go to an unknown server."""
    private = {host.lower() for host in env.words("PRIVATE_NETWORK_HOSTS")}
    unread = {problem.name for problem in env.problems}
    read = {"DATABASE_URL": settings.DATABASES["default"], "MIGRATE_DATABASE_URL": settings.OWNER or {}}
    found: list[CheckMessage] = [
        Error(
            f"{name} names a server that is not this machine, without sslmode=verify-full.",
            hint="Add ?sslmode=verify-full to it, and &sslrootcert= with the file of the root certificates."
            + OR_PRIVATE,
            id="bleep.E008",
        )
        for name in DATABASES
        if name not in unread and not encryption.is_postgresql_safe(env.text(name), read[name], private)
    ]
    brokers = {"REDIS_URL": settings.REDIS_URL, **{name: os.environ.get(name, "") for name in BROKERS}}
    found += [
        Error(
            f"{name} names a server that is not this machine, without TLS or without checking its certificate.",
            hint="Begin it with rediss://, and end it with ?ssl_cert_reqs=required&ssl_check_hostname=true."
            + OR_PRIVATE,
            id="bleep.E009",
        )
        for name, url in brokers.items()
        if not encryption.is_redis_safe(url, private)
    ]
    found += [
        Error(
            f"{name} names a server that is not this machine, without https: texts and numbers go there.",
            hint="Begin it with https://, or unset it: boto3 knows where AWS is." + OR_PRIVATE,
            id="bleep.E011",
        )
        for name, url in os.environ.items()
        if name.startswith(AWS) and not encryption.is_https(url, private)
    ]
    return found


def _is_exposed() -> bool:
    """Whether it listens to more than this machine, or is called by a name that others can use."""
    names = {host for host in env.words("ALLOWED_HOSTS") if host != "*"}
    return any(
        not addresses.is_this_machine(each)
        for each in {os.environ.get("GRANIAN_HOST") or "127.0.0.1", *names}
    )


def _is_weak() -> bool:
    """Whether the key is easy to guess. False without a key: a part that needs one does not start then."""
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        return False
    is_poor = len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_SIGNS
    return is_poor or key.startswith(KNOWN_KEYS)


def refuse_a_broken_configuration() -> None:
    """End the process if the configuration has errors, and print them.

    manage.py runs the checks by itself; a WSGI server and a Celery worker do not.
    """
    errors = [message for message in run_checks(tags=[Tags.security]) if isinstance(message, Error)]
    if errors:
        sys.exit("\n".join(str(error) for error in errors))


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.W011, bleep.W012: calls cannot work with these settings.
    bleep.W013: health checks cannot see intake. bleep.W014: nobody can reply by SMS: only one of two settings is set.
    bleep.W015: links in messages lead nowhere. bleep.W016: an SMS without patient data has no link to the rest.
    """
    two_way = (settings.SMS_REPLY_QUEUE_URL, settings.SMS_ORIGINATION_NUMBER)
    warnings = (
        (
            "bleep.W011",
            not (settings.CONNECT_INSTANCE_ID and settings.CONNECT_CONTACT_FLOW_ID),
            "Bleep cannot place calls: CONNECT_INSTANCE_ID or CONNECT_CONTACT_FLOW_ID is not set.",
            "Set both. Until then, every call fails and the clinician's next channel is used.",
        ),
        (
            "bleep.W012",
            not (settings.CONNECT_SOURCE_PHONE_NUMBER or settings.CONNECT_QUEUE_ID),
            "Calls have no caller number: CONNECT_SOURCE_PHONE_NUMBER and CONNECT_QUEUE_ID are both unset.",
            "Amazon Connect requires one of the two.",
        ),
        (
            "bleep.W013",
            not settings.FRONT_DOOR_URL,
            "FRONT_DOOR_URL is not set, so the health checks do not notice an intake that hangs.",
            "Set it to the address of `door` inside the deployment, for example http://door:8000.",
        ),
        (
            "bleep.W014",
            any(two_way) and not all(two_way),
            "Nobody can reply by SMS: only one of SMS_REPLY_QUEUE_URL and SMS_ORIGINATION_NUMBER is set.",
            "Set both, or neither.",
        ),
        (
            "bleep.W015",
            not _is_served(settings.PUBLIC_URL),
            "Bleep does not answer at PUBLIC_URL: its host is not in ALLOWED_HOSTS, or it is http.",
            "Correct one of the two, or links in messages lead nowhere.",
        ),
        (
            "bleep.W016",
            settings.SMS_WITHOUT_PATIENT_DATA and not settings.PUBLIC_URL,
            "SMS have no patient data (SMS_WITHOUT_PATIENT_DATA), and no link to it: PUBLIC_URL is not set.",
            "Set PUBLIC_URL.",
        ),
    )
    return [Warning(sentence, hint=hint, id=name) for name, applies, sentence, hint in warnings if applies]


def _is_served(url: str) -> bool:
    """Whether a browser that opens this URL gets a page. True for an empty URL, which nobody opens."""
    address = urlsplit(url)
    is_known = validate_host(address.hostname or "", settings.ALLOWED_HOSTS)
    return not url or (is_known and (address.scheme == "https" or not settings.HTTPS))
