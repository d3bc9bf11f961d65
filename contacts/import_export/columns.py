"""The columns of a file of clinicians: how a cell is written, and how it is read."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import EDITABLE, Clinician
from contacts.phone import E164Field, refusal
from spelling import normal

KEY = "contact_id"
FIELDS = tuple(field for field in EDITABLE if field != KEY)
PRIORITIES = {priority.name.lower(): priority for priority in Priority}
COLUMNS = (KEY, *FIELDS, *PRIORITIES)

BETWEEN = " > "
YES_AND_NO = {
    **dict.fromkeys(("yes", "true", "1", "active"), True),
    **dict.fromkeys(("no", "false", "0", "inactive"), False),
}
_CHANNELS = {str(word).casefold(): channel for channel in Channel for word in (channel.value, channel.label)}
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def comparable(text: str) -> str:
    """A cell's text without what files do not keep: the kind of line break, and characters that XML cannot hold."""
    return _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def to_cells(clinician: Clinician, channels: Mapping[Priority, Sequence[Channel]]) -> dict[str, str]:
    """A clinician's cells, in the order of the columns."""
    cells = {column: str(getattr(clinician, column)) for column in (KEY, *FIELDS)}
    cells["active"] = "yes" if clinician.active else "no"
    return cells | {column: join_channels(channels[priority]) for column, priority in PRIORITIES.items()}


def join_channels(channels: Sequence[Channel]) -> str:
    """`call > sms`."""
    return BETWEEN.join(channel.value for channel in channels)


def parse_cell(column: str, text: str) -> Any:
    """The value of a cell: a field's value, or the channels of a priority.

    Raises:
        ValueError: with a sentence for staff.
    """
    text = normal.normal(text)
    sentence = normal.unwanted(text)
    if sentence:
        raise ValueError(sentence)
    if column in PRIORITIES:
        return _channels(text)
    if column == "active":
        if text.casefold() not in YES_AND_NO:
            raise ValueError("Write yes or no.")
        return YES_AND_NO[text.casefold()]
    return _field_value(column, text)


def _field_value(column: str, text: str) -> Any:
    field: Any = Clinician._meta.get_field(column)  # noqa: SLF001 - Django's documented API
    if not text and not field.blank:
        raise ValueError("This cell may not be empty.")
    try:
        value = field.clean(text, None)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    if isinstance(field, E164Field) and (sentence := refusal(value)):
        raise ValueError(sentence)
    return value


def _channels(text: str) -> list[Channel]:
    chosen = []
    for word in re.split(r"[>→,;]", text) if text else []:
        channel = _CHANNELS.get(word.strip().casefold())
        if channel is None:
            known = ", ".join(channel.value for channel in Channel)
            raise ValueError(
                f"“{word.strip()}” is not a channel. Write {known}, in order, such as call > sms > call."
            )
        chosen.append(channel)
    faults = preferences.too_many(chosen)
    if faults:
        raise ValueError(" ".join(faults))
    return chosen
