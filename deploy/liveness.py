"""A sign of life for the container's health check: a Celery worker's loop touches a file at each heartbeat.

That is every two seconds while it turns and is connected to Redis, and never while it hangs or is cut off.
`ALIVE_FILE` names the file; without it nothing is written. Loaded by `deploy/entrypoint` (celery worker -I).
"""

import os
from pathlib import Path

from celery.signals import heartbeat_sent


@heartbeat_sent.connect
def touch_alive_file(**_kwargs: object) -> None:
    """Make the file newer, or make it."""
    alive_file = os.environ.get("ALIVE_FILE")
    if alive_file:
        Path(alive_file).touch()
