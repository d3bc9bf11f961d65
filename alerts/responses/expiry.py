"""Expiry of answers: codes, which may be used again, old links, and replies that belong to no question."""

from alerts.responses import codes, links, reply_intake

EVERY = 3600.0
"""Seconds."""


def run() -> None:
    """Each step may be repeated, and run by several relays."""
    codes.release_old()
    links.forget_old()
    reply_intake.forget_old()
