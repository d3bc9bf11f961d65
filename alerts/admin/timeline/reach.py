"""How staff reach a person by hand, while Bleep cannot."""

from dataclasses import dataclass

from contacts.choices import Channel
from contacts.models import Clinician
from contacts.wording import readable_address

NOT_ALLOWED = "You may not see their numbers."
NO_ADDRESS = "Bleep has no address of theirs: ask the switchboard."


@dataclass(frozen=True)
class Way:
    """An address: what it is for, as people read it, and its link."""

    label: str
    text: str
    url: str


@dataclass(frozen=True)
class ByHand:
    """A person's name and addresses. Without addresses, a sentence says why."""

    name: str
    ways: tuple[Way, ...]
    sentence: str


def by_hand(clinician: Clinician, *, may_see: bool) -> ByHand:
    """The person's present addresses, for users who may see clinicians. No query."""
    if not may_see:
        return ByHand(clinician.name, (), NOT_ALLOWED)
    ways = tuple(
        _way(channel, clinician.address(channel)) for channel in Channel if clinician.address(channel)
    )
    return ByHand(clinician.name, ways, "" if ways else NO_ADDRESS)


def _way(channel: Channel, address: str) -> Way:
    scheme = "tel" if channel.facts.address_is_number else "mailto"
    return Way(channel.label, readable_address(channel, address), f"{scheme}:{address}")
