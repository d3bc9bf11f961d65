"""How staff reach a person by hand, while Bleep cannot."""

from collections.abc import Iterable
from dataclasses import dataclass

from contacts.choices import Channel
from contacts.models import Clinician
from contacts.route_words import readable_address

NOT_ALLOWED = "You may not see their numbers."
NO_ADDRESS = "Bleep has no address of theirs: ask the switchboard."


@dataclass(frozen=True)
class Address:
    """An address: its use, its text as people read it, and its link."""

    label: str
    text: str
    url: str


@dataclass(frozen=True)
class ByHand:
    """A person's name and addresses. Without addresses, a sentence says why."""

    name: str
    addresses: tuple[Address, ...]
    sentence: str


def by_hand(clinician: Clinician, *, may_see: bool) -> ByHand:
    """The person's present addresses, for users who may see clinicians. No query."""
    if not may_see:
        return ByHand(clinician.name, (), NOT_ALLOWED)
    addresses = tuple(
        _address(channel, clinician.address(channel)) for channel in Channel if clinician.address(channel)
    )
    return ByHand(clinician.name, addresses, "" if addresses else NO_ADDRESS)


def everybody(clinicians: Iterable[Clinician], *, may_see: bool) -> list[ByHand]:
    """Each person once, in order."""
    people = {each.pk: each for each in clinicians}
    return [by_hand(each, may_see=may_see) for each in people.values()]


def _address(channel: Channel, address: str) -> Address:
    scheme = "tel" if channel.facts.address_is_number else "mailto"
    return Address(channel.label, readable_address(channel, address), f"{scheme}:{address}")
