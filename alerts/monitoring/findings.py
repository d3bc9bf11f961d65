"""The result of a health check, and a helper that checks share."""

from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now


@dataclass(frozen=True)
class Finding:
    """The result of one check. `sentence` says what is wrong and what to do."""

    name: str
    value: float
    limit: float
    sentence: str
    is_for_staff: bool = False
    """Whether it is work for people at the desk. Nothing of Bleep is broken then, so the dead-man's switch is pinged
    all the same."""

    @property
    def ok(self) -> bool:
        """Whether the value is within its limit."""
        return self.value <= self.limit


def with_age(rows: QuerySet[Any], moment: str) -> QuerySet[Any]:
    """These rows, with `since`: how long ago one of their dates was."""
    aged: QuerySet[Any] = rows.annotate(
        since=ExpressionWrapper(Now() - F(moment), output_field=DurationField())
    )
    return aged
