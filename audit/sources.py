"""The tables that are sealed, with their columns.

They are given by name, because this app imports no other. A test compares the columns with the models, so that no new
column is left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A table that is sealed. `texts` may expire, so they have a digest of their own."""

    table: str
    columns: tuple[str, ...]
    texts: tuple[str, ...] = ()


SOURCES = (
    Source("audit_event", ("at", "name", "user_id", "address", "kind", "object_id", "detail", "digests")),
    Source(
        "alerts_alertaction",
        ("alert_id", "action", "by_id", "outcome", "sent_on_as_id", "asked_id", "round", "created_at"),
        ("note", "told"),
    ),
    Source(
        "alerts_response",
        (
            "alert_id",
            "engagement_id",
            "delivery_id",
            "kind",
            "proof",
            "evidence",
            "provider_at",
            "at",
            "effect",
            "by_id",
        ),
        ("note",),
    ),
)
EXPIRED = ("", "(expired)")
"""The values that may replace a text: the triggers allow the same."""
