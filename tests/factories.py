"""What most tests need: clinicians who can be reached, and alerts to send."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from clients import sample
from contacts.choices import Channel, Priority, Subscription
from contacts.models import Clinician, EmailSubscription, Preference

SUBSCRIPTION = "arn:aws:sns:eu-west-2:123456789012:bleep-nobody:11111111-2222-3333-4444-555555555555"
"""One that AWS's stand-in does not know."""


def make_clinician(contact_id: str, wanted: Mapping[Priority, Sequence[Channel]], **fields: Any) -> Clinician:
    """A clinician with all three addresses, whose preferences are `wanted`, and whose e-mail address is confirmed.

    With the rows that `save` and `preferences.replace` leave, but in four statements: most tests begin with this.
    """
    made = Clinician(
        **{
            "contact_id": contact_id,
            "name": f"Clinician {contact_id}",
            "call_number": "+447700900001",
            "sms_number": "+447700900002",
            "email": "clinician@ward.example",
            **fields,
        }
    )
    with transaction.atomic():
        Clinician.objects.bulk_create([made])
        chosen = [
            Preference(clinician=made, priority=priority, position=position, channel=channel)
            for priority, channels in wanted.items()
            for position, channel in enumerate(channels, start=1)
        ]
        Preference.objects.bulk_create(chosen)
        confirm(made)
        _note_in_history(made, chosen)
    return made


def _note_in_history(made: Clinician, chosen: Sequence[Preference]) -> None:
    """First that the clinician was made, then that their preferences were chosen."""
    entries = made.history.model
    fields = {field.attname: getattr(made, field.attname) for field in entries.tracked_fields}
    without: dict[str, list[str]] = {priority.value: [] for priority in Priority}
    channels = {name: [each.channel for each in chosen if each.priority == name] for name in without}
    now = timezone.now()
    first = entries(
        **fields, channels=without, history_type="+", history_date=now - timedelta(milliseconds=1)
    )
    then = entries(**fields, channels=channels, history_type="~", history_date=now)
    entries.objects.bulk_create([first, then] if chosen else [first])


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
