"""The web server: granian. Bleep is loaded before granian forks its processes, so that they share that memory.

`python -m config.server` takes the arguments of granian's own command.
"""

import gc
import os
import signal

import django
from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string
from granian.cli import entrypoint

from config.checks import refuse_a_broken_configuration


def load() -> None:
    """Load what each process needs: apps, middleware, views. No thread and no connection: a fork would break them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    refuse_a_broken_configuration()
    for name in settings.MIDDLEWARE:
        import_string(name)
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()  # otherwise the first garbage collection of a process writes to all of this memory, and so copies it


def end_at_once_when_stopped() -> None:
    """Remove granian's signal handler, which a fork inherits and which would note in the wrong process that it ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ == "__main__":
    load()
    os.register_at_fork(after_in_child=end_at_once_when_stopped)
    entrypoint()  # type: ignore[no-untyped-call]
