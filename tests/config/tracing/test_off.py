"""Tracing that is off is not there at all."""

import os
import subprocess
import sys

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.relay import due
from config import tracing
from contacts.choices import Priority
from tests.alerts.conftest import Store, store  # noqa: F401
from tests.config.forked import ENVIRONMENT
from tests.config.server import run
from tests.processes import ROOT

PARTS = {
    "web": "import config.wsgi",
    "relay": "import django; django.setup(); import alerts.management.commands.relay as r; r.tracing.start()",
    "worker": "import config.celery as c; c.app.loader.import_default_modules(); c.trace(); import alerts.channels.aws",
}
LOADED = "; import sys; print(sorted(name for name, module in sys.modules.items() if module and 'telemetry.' in name))"
"""Which modules of OpenTelemetry there are."""


def loaded(part: str, **changes: str) -> str:
    """What is loaded in a process that begins from nothing: the one that `run` forks has libraries already."""
    environment = {
        **ENVIRONMENT,
        **changes,
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-W", "ignore", "-c", PARTS[part] + LOADED]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True
    ).stdout


@pytest.mark.parametrize("part", PARTS)
def test_a_part_loads_nothing_of_opentelemetry(part: str) -> None:
    assert loaded(part) == "[]\n"


def test_it_is_loaded_if_there_are_traces() -> None:
    """So the test above would see it."""
    assert "'opentelemetry.instrumentation.psycopg'" in loaded("relay", TRACES="otlp")


def test_what_cannot_start_is_logged_and_the_part_goes_on() -> None:
    result = run("-c", PARTS["relay"] + "; print('goes on')", TRACES="otlp", OTEL_PROPAGATORS="no-such")

    assert (result.returncode, result.stdout) == (0, "goes on\n")
    assert "traces.not_started" in result.stderr


def test_a_delivery_has_no_trace_and_handing_it_over_asks_for_none(store: Store) -> None:  # noqa: F811
    delivery = store(Priority.HIGH)

    with CaptureQueriesContext(connection) as queries:
        due.trace([delivery.pk], queue="urgent", since=tracing.now())

    assert (delivery.traceparent, len(queries)) == ("", 0)
