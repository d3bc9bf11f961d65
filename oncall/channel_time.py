"""How long a person's own channels take if nobody answers."""

from datetime import timedelta

from django.conf import settings

from contacts.choices import Channel
from contacts.routing import Route


def needed(route: Route) -> timedelta:
    """The time from the first message to the end of the last, if no call is answered and providers take everything at
    once.

    Once a message was taken, only missed calls are repeated: docs/decisions/0012-rings-again.md.
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
