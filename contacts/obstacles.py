"""What providers said keeps messages from an address: remembered, so that no alert waits for it in vain.

Nobody asks on a schedule. After `ASK_AGAIN_AFTER` a route uses the address in its place again, and the provider answers
again. So do a channel test and a look at the clinician's page. Where the address works, it is forgotten.
"""

from datetime import datetime, timedelta

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from contacts.choices import Channel, ObstacleKind
from contacts.models import Obstacle

ASK_AGAIN_AFTER = timedelta(hours=1)
"""For how long routes rely on what a provider said. Then the next alert tries the address, which costs one request."""


def remember(clinician_id: int, channel: Channel, address: str, kind: ObstacleKind) -> None:
    """Record that a provider has just said so. Two statements at most."""
    known = Obstacle.objects.filter(clinician=clinician_id, channel=channel, address=address, kind=kind)
    if not known.update(asked_at=Now()):
        new = Obstacle(
            clinician_id=clinician_id,
            channel=channel,
            address=address,
            kind=kind,
            since=Now(),
            asked_at=Now(),
        )
        Obstacle.objects.bulk_create(
            [new],
            update_conflicts=True,
            unique_fields=["clinician", "channel"],
            update_fields=["address", "kind", "since", "asked_at"],
        )


def forget(clinician_id: int, channel: Channel, address: str) -> None:
    """Record that messages reach the address."""
    Obstacle.objects.filter(clinician=clinician_id, channel=channel, address=address).delete()


def holds(obstacle: Obstacle) -> bool:
    """Whether a route may rely on it without asking the provider again."""
    return timezone.now() - obstacle.asked_at < ASK_AGAIN_AFTER


def in_words(channel: Channel, kind: ObstacleKind, since: datetime | None) -> str:
    """`this number has opted out of SMS (known since 28 November 2026, 14:03)`."""
    address = "number" if channel.facts.address_is_number else "e-mail address"
    if since is None:
        return f"this {address} {kind.label}"
    known = date_format(timezone.localtime(since), "j F Y, H:i")
    return f"this {address} {kind.label} (known since {known})"
