"""The web server: granian, with Bleep loaded before granian forks its processes, so that they share that memory.

`python -m config.server` takes what granian's own command takes.
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
    """Load what each process needs: apps, middleware, views. No thread, and no connection, which a fork would break."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    refuse_a_broken_configuration()
    for name in settings.MIDDLEWARE:
        import_string(name)
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()  # otherwise a process's first collection writes to all of it, and so makes it the process's own


def end_at_once_when_stopped() -> None:
    """Forget granian's handler, which a fork inherits and which would only note in the wrong process that it ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ == "__main__":
    load()
    os.register_at_fork(after_in_child=end_at_once_when_stopped)
    entrypoint()  # type: ignore[no-untyped-call]
