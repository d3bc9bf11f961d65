"""The history of clinicians: who changed what and when, with one entry for each change, preferences included.

Saving a clinician writes an entry, and so does `preferences.replace` if it changes something. Code that does both sets
`skip_history_when_saving` on the clinician, and gets one entry from the second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.dispatch import receiver
from django.utils import timezone
from django.utils.text import capfirst
from simple_history.signals import pre_create_historical_record

from contacts.choices import Channel, Priority, in_words
from contacts.masking import EXPIRED

REASON_LENGTH = 100
"""The length of simple-history's column."""


class WithChannels(models.Model):
    """Adds the preferences to an entry: they are rows of another model, which are always replaced together."""

    channels = models.JSONField(
        default=dict, help_text='For each priority the channels in order: {"H": ["call", "sms"], …}.'
    )

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Change:
    """One changed field, in words; a dash stands for nothing."""

    field: str
    old: str
    new: str


@receiver(pre_create_historical_record, dispatch_uid="contacts.history")
def add_channels(instance: Any, history_instance: Any, **kwargs: Any) -> None:
    """Add the preferences to an entry before it is saved."""
    if isinstance(history_instance, WithChannels):
        history_instance.channels = channels_of(instance)


def record_many(
    clinicians: Sequence[Any],
    channels: Mapping[int, Mapping[Priority, Sequence[Channel]]],
    *,
    reason: str = "",
) -> None:
    """Add an entry for each clinician as they are now, unless their latest has the same values. Two queries.

    `channels` are their preferences by id.
    """
    if not clinicians:
        return
    entries = type(clinicians[0]).history.model
    latest = {
        entry.id: entry
        for entry in entries.objects.filter(id__in=[each.pk for each in clinicians])
        .order_by("id", "-history_date", "-history_id")
        .distinct("id")
    }
    shared = {
        "history_date": timezone.now(),
        "history_user": entries.get_default_history_user(clinicians[0]),
        "history_change_reason": reason[:REASON_LENGTH] or None,
    }
    new = []
    for clinician in clinicians:
        before, fields = latest.get(clinician.pk), _fields(clinician, of=entries)
        now = {priority.value: list(chosen) for priority, chosen in channels[clinician.pk].items()}
        if before is None or before.channels != now or _fields(before) != fields:
            kind = "+" if before is None else "~"
            new.append(entries(**shared, **fields, history_type=kind, channels=now))
    entries.objects.bulk_create(new)


def channels_of(clinician: Any) -> dict[str, list[str]]:
    """The preferences as an entry stores them."""
    found: dict[str, list[str]] = {priority.value: [] for priority in Priority}
    for preference in clinician.preferences.all():
        found[preference.priority].append(preference.channel)
    return found


def changed_fields(newer: Any, older: Any) -> list[Change]:
    """The changed fields of an entry's model."""
    return [
        Change(
            capfirst(newer._meta.get_field(each.field).verbose_name),  # noqa: SLF001 - Django's documented API
            _readable(each.old),
            _readable(each.new),
        )
        for each in newer.diff_against(older).changes
        if EXPIRED not in {each.old, each.new}  # nobody knows any more whether it changed
    ]


def changes(newer: Any, older: Any) -> list[Change]:
    """The changed fields and priorities."""
    found = changed_fields(newer, older)
    for priority in Priority:
        old, new = (entry.channels.get(priority.value, []) for entry in (older, newer))
        if old != new:
            found.append(Change(f"{priority.label} priority", in_words(old), in_words(new)))
    return found


def _readable(value: Any) -> str:
    return {True: "Yes", False: "No", "": "—", None: "—"}.get(value) or str(value)


def _fields(entry: Any, *, of: Any = None) -> dict[str, Any]:
    """The values that the history stores."""
    return {field.attname: getattr(entry, field.attname) for field in (of or entry).tracked_fields}
