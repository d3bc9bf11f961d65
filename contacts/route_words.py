"""A route in words: what would happen with an alert."""

from contacts import obstacles
from contacts.choices import Channel
from contacts.phone import readable
from contacts.preferences import address_label
from contacts.routing import NoRoute, Route, Skipped, Step

NOBODY = {
    NoRoute.INACTIVE: "nobody would be alerted: this person is not active",
    NoRoute.NO_PREFERENCE: "nobody would be alerted: choose a channel",
    NoRoute.NO_ADDRESS: "nobody would be alerted: the chosen channel has no address",
    NoRoute.EMAIL_UNCONFIRMED: "nobody would be alerted: the e-mail address is not confirmed",
}


def describe(route: Route) -> str:
    """`call +44 7700 900123, then SMS to +44 7700 900456, then call +44 7700 900123 again`; or that nobody would be
    alerted, and why.
    """
    if route.reason is not None:
        return NOBODY[route.reason]
    avoided = {each.channel: why_skipped(each) for each in route.skipped if not each.is_left_out}
    not_at_all = [
        f"not by {each.channel.label.lower()}: {why_skipped(each)}"
        for each in route.skipped
        if each.is_left_out and each.obstacle
    ]
    usable = [step for step in route.steps if step.channel not in avoided]
    first = ", then ".join(
        f"{_step(step)} again" if step in usable[:place] else _step(step) for place, step in enumerate(usable)
    )
    last = [(_step(step), avoided[step.channel]) for step in route.steps if step.channel in avoided]
    if first:
        said = ", ".join([first, *(f"and only if that fails {step}: {why}" for step, why in last)])
    else:
        said = ", then ".join(f"{step}, though {why}" for step, why in last)
    return "; ".join([said, *not_at_all])


def why_skipped(skipped: Skipped) -> str:
    """`there is no number for SMS`, or `this number has opted out of SMS (known since 28 November 2026, 14:03)`."""
    if skipped.obstacle is None:
        return f"there is no {address_label(skipped.channel)}"
    return obstacles.in_words(skipped.channel, skipped.obstacle, skipped.since)


def readable_address(channel: Channel, address: str) -> str:
    """An address as people write it."""
    return readable(address) if address and channel.facts.address_is_number else address


def _step(step: Step) -> str:
    return step.channel.facts.step.format(readable_address(step.channel, step.address))
