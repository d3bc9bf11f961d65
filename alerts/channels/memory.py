"""What the channels remember from one message to the next, in this process alone.

Not in Django's default cache: that one keeps 300 entries unless told otherwise, fewer than a hospital has clinicians,
and may be set to a shared store, which the telephone numbers in the keys must not reach.
"""

from django.core.cache.backends.locmem import LocMemCache

ENTRIES = 50_000
"""A topic and a number each for 25,000 clinicians: some 30 MB. Beyond it the longest unused are forgotten."""

remembered = LocMemCache("alerts.channels", {"OPTIONS": {"MAX_ENTRIES": ENTRIES}})
