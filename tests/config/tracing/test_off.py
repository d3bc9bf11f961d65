"""Tracing that is off, or cannot begin: nothing else goes wrong. What is loaded then is in `test_loaded`."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.relay import due
from config import tracing
from contacts.choices import Priority
from tests.alerts.conftest import Store, store  # noqa: F401
from tests.config.server import run

RELAY = "import django; django.setup(); import alerts.management.commands.relay as r; r.tracing.start()"


def test_traces_that_cannot_start_are_logged_and_the_part_goes_on() -> None:
    result = run("-c", f"{RELAY}; print('goes on')", TRACES="otlp", OTEL_PROPAGATORS="no-such")

    assert (result.returncode, result.stdout) == (0, "goes on\n")
    assert "traces.not_started" in result.stderr


def test_a_delivery_has_no_trace_and_handing_it_over_asks_for_none(store: Store) -> None:  # noqa: F811
    delivery = store(Priority.HIGH)

    with CaptureQueriesContext(connection) as queries:
        due.trace([delivery.pk], queue="urgent", since=tracing.now())

    assert (delivery.traceparent, len(queries)) == ("", 0)
