"""For the container's health check: a Celery worker touches the file `ALIVE_FILE` at each heartbeat.

A heartbeat comes every two seconds while the worker's loop runs and is connected to Redis. Without the variable nothing
is written. `deploy/entrypoint` loads this module (celery worker -I).
"""

import os
from pathlib import Path

from celery.signals import heartbeat_sent


@heartbeat_sent.connect
def touch_alive_file(**_kwargs: object) -> None:
    """Touch the file."""
    alive_file = os.environ.get("ALIVE_FILE")
    if alive_file:
        Path(alive_file).touch()
