"""Invented clinicians and alerts for measurements. The phone numbers are from Ofcom's range for fiction."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import boto3

from bench.stack import Stack
from clients import sample

Preferences = Mapping[str, Sequence[str]]
"""The channels for each priority (H, M, L), in order."""

CHANNELS = ("sms", "email", "call")

SPREAD: Preferences = {"H": ("call", "sms"), "M": ("sms",), "L": ("email",)}
"""A usual mixture of channels."""

SMS: Preferences = {"H": ("sms",), "M": ("sms",), "L": ("sms",)}
"""SMS for all."""


@dataclass(frozen=True)
class Person:
    """A clinician; `number` is in their contact ID and in every address."""

    number: int
    preferences: Preferences = field(default_factory=dict)

    @property
    def contact_id(self) -> str:
        """The contact ID, as alerts give it."""
        return f"B-{self.number}"

    @property
    def name(self) -> str:
        """How staff call them."""
        return f"Clinician {self.number}"

    @property
    def call_number(self) -> str:
        """For calls. It differs from the SMS number so that each can fail alone."""
        return f"+447700900{self.number:03d}"

    @property
    def sms_number(self) -> str:
        """For SMS."""
        return f"+447700900{self.number + 500:03d}"

    @property
    def email(self) -> str:
        """For e-mail."""
        return f"b{self.number}@ward.example"


def make_people(count: int, preferences: Sequence[Preferences], dice: random.Random) -> list[Person]:
    """Make `count` people (499 at most), each with one of `preferences`."""
    return [Person(number, dice.choice(preferences)) for number in range(1, count + 1)]


def by_channel(first: int, count: int) -> list[Person]:
    """High: a third of the people for each channel. Low: half by SMS, half by e-mail."""
    return [
        Person(number, {"H": (CHANNELS[number % 3],), "L": (("sms", "email")[number % 2],)})
        for number in range(first, first + count)
    ]


def load(stack: Stack, people: Sequence[Person]) -> None:
    """Write the people and their preferences into Bleep's database. Their e-mail addresses are confirmed."""
    sns = boto3.client(
        "sns",
        endpoint_url=stack.aws_url,
        region_name="eu-west-2",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - the stand-in takes any
    )
    for person in people:
        topic = sns.create_topic(Name=f"bench-clinician-{person.number}")["TopicArn"]
        made = sns.subscribe(
            TopicArn=topic, Protocol="email", Endpoint=person.email, ReturnSubscriptionArn=True
        )
        # At once: a relay subscribes each address that has no subscription.
        [(pk,)] = stack.rows(
            "WITH clinician AS ("
            "INSERT INTO contacts_clinician"
            " (contact_id, name, role, department, call_number, sms_number, email, active)"
            " VALUES (%s, %s, '', '', %s, %s, %s, true) RETURNING id, email"
            ") INSERT INTO contacts_emailsubscription"
            " (clinician_id, address, state, topic_arn, subscription_arn, next_look_at)"
            " SELECT id, email, 'confirmed', %s, %s, now() + interval '1 hour' FROM clinician"
            " RETURNING clinician_id",
            person.contact_id,
            person.name,
            person.call_number,
            person.sms_number,
            person.email,
            topic,
            made["SubscriptionArn"],
        )
        for priority, channels in person.preferences.items():
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
    """A request body. Its key is the patient reference, which ends every message, so that a message shows its alert."""
    return {
        **sample.ALERT,
        "message_id": key,
        "patient_id": key,
        "contact_id": contact_id,
        "priority": priority,
    }


def key_of(text: str) -> str:
    """The key of the alert that a message came from. A call spells it character by character."""
    words = text.split()
    signs = [*takewhile(lambda word: len(word) == 1, reversed(words))]
    return "".join(reversed(signs)) if signs else words[-1]
