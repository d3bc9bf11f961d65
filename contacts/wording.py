"""A route in words: what would happen for an alert."""

from contacts.choices import Channel
from contacts.phone import readable
from contacts.routing import NoRoute, Route, Step

NOBODY = {
    NoRoute.INACTIVE: "nobody would be alerted: this person is not active",
    NoRoute.NO_PREFERENCE: "nobody would be alerted: choose a channel",
    NoRoute.NO_ADDRESS: "nobody would be alerted: the chosen channel has no address",
}


def describe(route: Route) -> str:
    """`call +44 7700 900123, then SMS to +44 7700 900456`; or that nobody would be alerted, and why."""
    if route.reason is not None:
        return NOBODY[route.reason]
    return ", then ".join(_step(step) for step in route.steps)


def readable_address(channel: Channel, address: str) -> str:
    """An address as people write it."""
    return readable(address) if address and channel.facts.address_is_number else address


def _step(step: Step) -> str:
    return step.channel.facts.step.format(readable_address(step.channel, step.address))
