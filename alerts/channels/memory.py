"""What channels remember between messages, per process.

Not Django's default cache: it keeps 300 entries, fewer than a hospital has clinicians, and may be configured as a
shared store, where the telephone numbers in the keys must not go.
"""

from django.core.cache.backends.locmem import LocMemCache

ENTRIES = 50_000
"""A topic and a number for 25,000 clinicians: about 30 MB. Beyond that, the least recently used go."""

remembered = LocMemCache("alerts.channels", {"OPTIONS": {"MAX_ENTRIES": ENTRIES}})
