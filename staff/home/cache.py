"""Results that each process caches for some seconds, because many users look at the same page."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.core.cache import cache
from django.utils import timezone

T = TypeVar("T")


@dataclass(frozen=True)
class Cached(Generic[T]):
    """A result, and when it was computed."""

    value: T
    at: datetime


def cached(function: Callable[..., T], *args: Hashable, seconds: float) -> Cached[T]:
    """Return the cached result of `function(*args)`, or call it. For functions at module level."""
    key = ".".join(map(str, (function.__module__, function.__qualname__, *args)))
    found: Cached[T] | None = cache.get(key)
    if found is None:
        found = Cached(function(*args), timezone.now())
        cache.set(key, found, seconds)
    return found
