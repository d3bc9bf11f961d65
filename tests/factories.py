"""What most tests need: clinicians who can be reached, and alerts to send."""

from collections.abc import Mapping, Sequence
from typing import Any

from clients import sample
from contacts import preferences
from contacts.choices import Channel, Priority, Subscription
from contacts.models import Clinician, EmailSubscription

SUBSCRIPTION = "arn:aws:sns:eu-west-2:123456789012:bleep-nobody:11111111-2222-3333-4444-555555555555"
"""One that AWS's stand-in does not know."""


def make_clinician(contact_id: str, wanted: Mapping[Priority, Sequence[Channel]], **fields: Any) -> Clinician:
    """A clinician with all three addresses, whose preferences are `wanted`, and whose e-mail address is confirmed."""
    made = Clinician.objects.create(
        **{
            "contact_id": contact_id,
            "name": f"Clinician {contact_id}",
            "call_number": "+447700900001",
            "sms_number": "+447700900002",
            "email": "clinician@ward.example",
            **fields,
        }
    )
    preferences.replace(made, wanted)
    confirm(made)
    return made


def confirm(*clinicians: Clinician, arn: str = SUBSCRIPTION) -> None:
    """As if AWS had said that these clinicians' present e-mail addresses are confirmed. Nobody looks again."""
    EmailSubscription.objects.bulk_create(
        [
            EmailSubscription(
                clinician=each,
                address=each.email.lower(),
                state=Subscription.CONFIRMED,
                topic_arn=arn.rpartition(":")[0],
                subscription_arn=arn,
                next_look_at=None,
            )
            for each in clinicians
            if each.email
        ],
        update_conflicts=True,
        unique_fields=["clinician", "address"],
        update_fields=["state", "topic_arn", "subscription_arn", "next_look_at"],
    )


def an_alert(**changes: Any) -> dict[str, Any]:
    """The published sample's request body, with changes; a value of None leaves the field out."""
    return {name: value for name, value in {**sample.ALERT, **changes}.items() if value is not None}
