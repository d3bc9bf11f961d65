"""What expires: codes, which may be used again, old links, and replies that fitted no question."""

from alerts.responses import codes, links, reply_intake

EVERY = 3600.0
"""Seconds."""


def run() -> None:
    """Each may be repeated, and done by several relays."""
    codes.release_old()
    links.forget_old()
    reply_intake.forget_old()
