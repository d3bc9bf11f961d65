"""A process that runs Python as `python …` would. It is forked from one that has the libraries in memory already."""

import importlib
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.processes import ROOT

LIBRARIES = (
    "boto3",
    "celery.apps.worker",
    "celery.worker",
    "django.contrib.admin.options",
    "django.core.handlers.wsgi",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.template.backends.django",
    "django.test",
    "kombu.transport.redis",
    "limits.strategies",
    "openpyxl",
    "phonenumbers",
    "prometheus_client",
    "structlog",
    "whitenoise.middleware",
)
"""What Bleep imports, and what needs no settings."""

for library in LIBRARIES:
    importlib.import_module(library)


def run(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    """Run `python ARGUMENTS` here, in the project's directory. Ends the process."""
    for file, number in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    try:
        _run(*arguments)
    except Exception:  # noqa: BLE001 - as the interpreter does, and not as multiprocessing
        sys.excepthook(*sys.exc_info())
        sys.exit(1)


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
