"""Who is alerted in a measurement, and what is sent: invented people with numbers from Ofcom's range for fiction."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.stack import Stack
from clients import sample

Route = Mapping[str, Sequence[str]]
"""For each priority (H, M, L) the channels, in order."""


@dataclass(frozen=True)
class Person:
    """A clinician; `number` is in their contact ID and in every address."""

    number: int
    route: Route = field(default_factory=dict)

    @property
    def contact_id(self) -> str:
        """What alerts name."""
        return f"B-{self.number}"

    @property
    def call_number(self) -> str:
        """For calls; another one than for SMS, so that the two can fail apart."""
        return f"+447700900{self.number:03d}"

    @property
    def sms_number(self) -> str:
        """For SMS."""
        return f"+447700900{self.number + 500:03d}"

    @property
    def email(self) -> str:
        """For e-mail."""
        return f"b{self.number}@ward.example"


def people(count: int, routes: Sequence[Route], dice: random.Random) -> list[Person]:
    """So many people (499 at most), each with one of the routes."""
    return [Person(number, dice.choice(routes)) for number in range(1, count + 1)]


def load(stack: Stack, cast: Sequence[Person]) -> None:
    """Write the people and their preferences into Bleep's database."""
    for person in cast:
        [(pk,)] = stack.rows(
            "INSERT INTO contacts_clinician"
            " (contact_id, name, role, department, call_number, sms_number, email, active)"
            " VALUES (%s, %s, '', '', %s, %s, %s, true) RETURNING id",
            person.contact_id,
            f"Clinician {person.number}",
            person.call_number,
            person.sms_number,
            person.email,
        )
        for priority, channels in person.route.items():
            for position, channel in enumerate(channels, start=1):
                stack.rows(
                    "INSERT INTO contacts_preference (clinician_id, priority, position, channel)"
                    " VALUES (%s, %s, %s, %s)",
                    pk,
                    priority,
                    position,
                    channel,
                )


def alert(key: str, contact_id: str, priority: str) -> dict[str, str]:
    """A request body. The patient reference ends every text, so it tells which alert a message came from."""
    return {
        **sample.ALERT,
        "message_id": key,
        "patient_id": key,
        "contact_id": contact_id,
        "priority": priority,
    }


def key_of(text: str) -> str:
    """The key of the alert whose message this is."""
    return text.rpartition(" ")[2]
