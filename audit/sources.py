"""Which tables are sealed, and what of them. SQL alone, since this app knows no other.

A test holds the columns against the models: a new column has to be named, or nobody would notice that it was changed.
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
