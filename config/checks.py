"""System checks on the configuration: what is missing or wrong is said before the first alert, not at it."""

import sys
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks  # noqa: A004

from config import env

REQUIRED = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL")
FINDING_OUT = "docs/deployment.md says what each variable is for."


@register(Tags.security)
def check_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.E001: a variable has a value that cannot be used. bleep.E002: one without a default is missing."""
    found: list[CheckMessage] = [
        Error(problem.sentence, hint=FINDING_OUT, id="bleep.E001") for problem in env.problems
    ]
    at_fault = {problem.name for problem in env.problems}
    missing = [name for name in REQUIRED if name not in at_fault and not env.text(name)]
    found += [Error(f"{name} is not set.", hint=FINDING_OUT, id="bleep.E002") for name in missing]
    return found


def refuse_a_broken_configuration() -> None:
    """End the process with the errors' sentences: better than to fail at the first alert.

    manage.py runs the checks by itself; a WSGI server and a Celery worker do not.
    """
    errors = [message for message in run_checks(tags=[Tags.security]) if isinstance(message, Error)]
    if errors:
        sys.exit("\n".join(str(error) for error in errors))


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """bleep.W010: local mode on a server. bleep.W011, bleep.W012: a channel that cannot be used as it is set up."""
    found: list[CheckMessage] = []
    if settings.LOCAL_MODE:
        found.append(
            Warning(
                "LOCAL_MODE is on: it allows a demo token that everybody knows.",
                hint="Unset it.",
                id="bleep.W010",
            )
        )
    if not (settings.CONNECT_INSTANCE_ID and settings.CONNECT_CONTACT_FLOW_ID):
        found.append(
            Warning(
                "Telephone calls cannot be placed: CONNECT_INSTANCE_ID or CONNECT_CONTACT_FLOW_ID is not set.",
                hint="Set both, or every call fails over to the clinician's next channel.",
                id="bleep.W011",
            )
        )
    if not (settings.CONNECT_SOURCE_PHONE_NUMBER or settings.CONNECT_QUEUE_ID):
        found.append(
            Warning(
                "Telephone calls have no caller: CONNECT_SOURCE_PHONE_NUMBER and CONNECT_QUEUE_ID are both unset.",
                hint="Amazon Connect requires one of the two.",
                id="bleep.W012",
            )
        )
    return found
