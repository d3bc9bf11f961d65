"""How long somebody's own channels take, if nobody answers."""

from datetime import timedelta

from django.conf import settings

from contacts.choices import Channel
from contacts.routing import Route


def needed(route: Route) -> timedelta:
    """From the first message to the end of the last, if each call rings in vain and providers take everything at once.

    After a message that was taken only what was tried in vain is tried again: docs/decisions/0012-rings-again.md.
    """
    passed, is_taken = timedelta(), False
    ended: dict[Channel, timedelta] = {}
    for step in route.steps:
        channel = step.channel
        if is_taken and channel not in ended:
            continue
        if channel in ended:
            passed = max(passed, ended[channel] + settings.REPEAT_AFTER)
        if channel is Channel.CALL:
            passed += timedelta(seconds=settings.CONNECT_RING_SECONDS)
            ended[channel] = passed
        else:
            is_taken = True
    return passed
