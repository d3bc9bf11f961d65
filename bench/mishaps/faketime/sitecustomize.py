"""Lets Python sleep under libfaketime, whose `clock_nanosleep` fails (EINVAL) if CLOCK_MONOTONIC is not shifted."""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex) -> None:
    """As `time.sleep`."""
    if float(seconds) < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], float(seconds))


time.sleep = sleep
