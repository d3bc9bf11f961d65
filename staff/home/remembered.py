"""Answers that are kept for some seconds in each process: many look at the same figures, and few look twice."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.core.cache import cache
from django.utils import timezone

T = TypeVar("T")


@dataclass(frozen=True)
class Remembered(Generic[T]):
    """An answer, and when it was given."""

    value: T
    at: datetime


def remembered(question: Callable[..., T], *about: Hashable, seconds: float) -> Remembered[T]:
    """What `question(*about)` answered within the last seconds, or answers now. For module-level functions."""
    key = ".".join(map(str, (question.__module__, question.__qualname__, *about)))
    found: Remembered[T] | None = cache.get(key)
    if found is None:
        found = Remembered(question(*about), timezone.now())
        cache.set(key, found, seconds)
    return found
