"""Which tables are sealed, and which of their columns. Names only, since this app imports no other.

A test compares the columns with the models, so that no new column is left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A table. `texts` may expire, so they have a digest of their own."""

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
"""What a text may be replaced by, as the triggers say."""
