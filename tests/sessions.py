"""No thread may end with its session in PostgreSQL open: Python closes it at some later moment, in another test."""

import threading
from typing import Any

from django.db import connections

left_open: list[str] = []
"""The threads that did, since a test last looked."""
_run = threading.Thread.run


def watch() -> None:
    """Look at each thread that ends from now on."""
    threading.Thread.run = _run_and_look  # type: ignore[assignment, method-assign]


def _run_and_look(thread: threading.Thread) -> None:
    try:
        _run(thread)
    finally:
        if any(_is_open(each) for each in connections.all(initialized_only=True)):
            left_open.append(thread.name)
            connections.close_all()


def _is_open(wrapper: Any) -> bool:
    return wrapper.connection is not None and not wrapper.connection.closed
