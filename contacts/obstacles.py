"""Remembers what keeps messages from an address, as providers reported it, so that no alert waits for it in vain.

Nobody asks on a schedule. After `ASK_AGAIN_AFTER` a route uses the address in its usual place again, and the provider
answers again. A channel test and a visit of the clinician's page also ask. If the address works, the obstacle is
forgotten.
"""

from datetime import datetime, timedelta

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from contacts.choices import Channel, ObstacleKind
from contacts.models import Obstacle

ASK_AGAIN_AFTER = timedelta(hours=1)
"""How long routes rely on an obstacle. Then the next alert tries the address, which costs one request."""


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
    """Whether a route may rely on the obstacle without asking the provider again."""
    return timezone.now() - obstacle.asked_at < ASK_AGAIN_AFTER


def in_words(channel: Channel, kind: ObstacleKind, since: datetime | None) -> str:
    """`this number has opted out of SMS (known since 28 November 2026, 14:03)`."""
    address = "number" if channel.facts.address_is_number else "e-mail address"
    if since is None:
        return f"this {address} {kind.label}"
    known = date_format(timezone.localtime(since), "j F Y, H:i")
    return f"this {address} {kind.label} (known since {known})"
