"""What a part does not use, it does not load: that would be memory in each of its processes."""

import json
import os
import subprocess
import sys

import pytest
from django.urls import Resolver404, resolve

from door.app import LINKS, service_for
from door.settings import API
from tests.config.forked import ENVIRONMENT
from tests.processes import ROOT

SHOW = "; import json, sys, threading; print(json.dumps([*sys.modules, *(t.name for t in threading.enumerate())]))"
AWS, PAGES, BROKER = {"boto3", "botocore.session"}, {"openpyxl", "unfold.admin"}, {"redis", "kombu", "celery"}
LOGINS = {"allauth", "axes", "argon2", "fido2"}
WEB = "import config.wsgi"
"""What granian loads in each of its processes."""
RELAY = (
    "import django; django.setup(); import alerts.management.commands.relay as relay; relay.tracing.start()"
)
WORKER = (
    "import os, django; django.setup(); os.environ['CELERY_SKIP_CHECKS'] = '1';"
    "import config.management.commands.worker, alerts.tasks, celery.apps.worker, alerts.channels.aws;"
    "from config import celery; celery.app.loader.import_default_modules(); celery.trace()"
)


def loaded(statements: str, **variables: str) -> set[str]:
    """The modules, and the threads, of a Python that has run these statements."""
    shown = subprocess.run(
        [sys.executable, "-c", statements + SHOW],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **ENVIRONMENT,
            **variables,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(shown.stdout))


@pytest.mark.parametrize(
    ("statements", "service", "has", "without"),
    [
        (WEB, "web-api", "alerts.api.views", AWS | PAGES | BROKER | LOGINS),
        (
            WEB,
            "web-probes",
            "alerts.monitoring.views",
            AWS | PAGES | BROKER | LOGINS | {"rest_framework.serializers", "requests"},
        ),
        (WEB, "web-admin", "contacts.admin.page", AWS),
        (RELAY, "none", "kombu", AWS | PAGES | LOGINS),
        (WORKER, "none", "celery.worker.worker", PAGES | LOGINS | {"celery.bin.celery", "prompt_toolkit"}),
    ],
    ids=["web-api", "web-probes", "web-admin", "relay", "worker"],
)
def test_a_part_loads_what_it_uses(statements: str, service: str, has: str, without: set[str]) -> None:
    found = loaded(statements, WEB_SERVICE=service)

    assert has in found
    assert not found & without
    assert of_traces(found) == [], "there are none"


def of_traces(found: set[str]) -> list[str]:
    """What is of OpenTelemetry."""
    return sorted(name for name in found if name.startswith("opentelemetry."))


def test_modules_for_traces_are_loaded_if_there_are_traces() -> None:
    """So the test above would see it."""
    found = loaded(RELAY, WEB_SERVICE="none", TRACES="otlp")

    assert "opentelemetry.instrumentation.psycopg" in of_traces(found)


def test_the_process_that_forks_has_all_views_and_neither_thread_nor_connection() -> None:
    check = "from django.db import connections; assert all(c.connection is None for c in connections.all())"

    found = loaded(f"from config import server; server.load(); {check}", WEB_SERVICE="web-api")

    assert {"alerts.api.views", "clients.usage", "MainThread"} <= found
    assert not [name for name in found if name.startswith("Thread-") or name == "usage"]


@pytest.mark.parametrize(
    "path", ["/notification", "/notification/", "/notification/b-1", "/intake-check", f"{LINKS}x"]
)
def test_web_api_serves_what_the_door_sends_there(path: str) -> None:
    assert service_for(path) is API
    assert (
        resolve(path, urlconf="config.urls.api").func == resolve(path, urlconf="config.urls.everything").func
    )


def test_web_api_and_web_probes_serve_no_page() -> None:
    for path, urlconf in (("/admin/", "config.urls.api"), ("/notification", "config.urls.probes")):
        with pytest.raises(Resolver404):
            resolve(path, urlconf=urlconf)
