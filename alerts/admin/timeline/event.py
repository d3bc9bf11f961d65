"""One thing that happened to an alert, in words."""

from dataclasses import dataclass
from datetime import datetime

from theme.badges import Badge
from theme.times import full


@dataclass(frozen=True)
class Try:
    """One call to the provider, in words."""

    number: int
    at: datetime
    when: str
    took: str
    state: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Event:
    """One thing that happened, in words."""

    at: datetime
    icon: str
    tone: str
    title: str
    after: str = ""
    """How long after the alert was received, `+11 s`."""
    sentences: tuple[str, ...] = ()
    badge: Badge | None = None
    tries: tuple[Try, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ""
    link: tuple[str, int] | None = None
    """The name and the key of an alert to link to."""

    @property
    def when(self) -> str:
        """The time, in words."""
        return full(self.at)
