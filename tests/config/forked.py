"""A process that runs Python as `python …` would. It is forked from one that has Bleep in memory already."""

import importlib
import os
import runpy
import secrets
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.apps import apps
from django.conf import LazySettings, Settings, settings
from django.core.signals import setting_changed
from django.db import connections

from tests.processes import ROOT

BEGINNING = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
ENVIRONMENT = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "bleep.example",
    # Nobody listens on port 9 of loopback.
    "DATABASE_URL": "postgresql://bleep:bleep@127.0.0.1:9/bleep",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "FRONT_DOOR_URL": "http://127.0.0.1:9",
    "CONNECT_INSTANCE_ID": "instance",
    "CONNECT_CONTACT_FLOW_ID": "flow",
    "CONNECT_SOURCE_PHONE_NUMBER": "+442079460000",
}
"""What a server has, and what is in memory was loaded with."""


def run(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    """Run `python ARGUMENTS` here, in the project's directory. Ends the process."""
    for file, number in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    try:
        _begin_again()
        _run(*arguments)
    except Exception:  # noqa: BLE001 - as the interpreter does, and not as multiprocessing
        sys.excepthook(*sys.exc_info())
        sys.exit(1)


def _begin_again() -> None:
    """Read the settings from this process's environment, and leave it to `django.setup` to make the apps ready.

    The modules stay. What Django and other libraries keep of a setting goes if it is another one now, by the signal
    with which Django's own test tools say so.
    """
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    if sys.modules.get("opentelemetry", True) is None:
        del sys.modules["opentelemetry"]
    importlib.reload(sys.modules["config"])  # which says whether there is an OpenTelemetry
    importlib.reload(sys.modules["config.env"])
    ours = vars(sys.modules.pop("config.settings"))
    before = vars(settings._wrapped)  # noqa: SLF001 - as Django's `override_settings` does
    now = settings._wrapped = Settings("config.settings")  # noqa: SLF001
    changed = {name: value for name, value in vars(now).items() if value != before.get(name)}
    defaults_of_libraries = {name: value for name, value in before.items() if name not in ours | vars(now)}
    vars(now).update(defaults_of_libraries)

    apps.apps_ready = apps.models_ready = apps.ready = apps.loading = False
    apps.app_configs = {}
    apps.clear_cache()
    vars(connections).pop("settings", None)
    # Django knows no other way to change a database.
    connections.__init__()  # type: ignore[misc]
    for name in changed.keys() - {"DATABASES"}:
        setting_changed.send(sender=LazySettings, setting=name, value=changed[name], enter=True)


def _run(first: str, *others: str) -> None:
    if first == "-c":
        sys.argv = ["-c", *others[1:]]
        exec(compile(others[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    elif first == "-m":
        sys.argv = list(others)
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *others]
        runpy.run_path(first, run_name="__main__")
