"""Results that each process caches for some seconds, because many users look at the same page."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.core.cache import caches
from django.utils import timezone

T = TypeVar("T")


REST = 20
"""A result is cached for this many times as long as it took."""


@dataclass(frozen=True)
class Cached(Generic[T]):
    """A result, and when it was computed."""

    value: T
    at: datetime


def cached(function: Callable[..., T], *args: Hashable, seconds: float) -> Cached[T]:
    """Return the cached result of `function(*args)`, or call it. For functions at module level.

    A slow result is kept for longer: otherwise, with very many clinicians, the database would do little else.
    """
    key = ".".join(map(str, (function.__module__, function.__qualname__, *args)))
    found: Cached[T] | None = caches["process"].get(key)
    if found is None:
        began = time.monotonic()
        found = Cached(function(*args), timezone.now())
        caches["process"].set(key, found, max(seconds, REST * (time.monotonic() - began)))
    return found
