"""A row of a file beside the stored clinician: its changes, its faults, and warnings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contacts.choices import Channel, Priority
from contacts.models import Clinician


@dataclass(frozen=True)
class CellChange:
    """A cell that changes something."""

    column: str
    old: str
    new: str
    from_template: bool = False


@dataclass
class Row:
    """A row of the file."""

    number: int
    """The number of the row in a spreadsheet."""
    clinician: Clinician
    """The clinician with the row's values, not saved."""
    is_new: bool
    before: Mapping[str, str]
    """By column: the stored cells, all empty for a new person."""
    is_hidden: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    """By column: the cells of the file."""
    channels: dict[Priority, list[Channel]] = field(default_factory=dict)
    """The channels for each priority that the row or the template sets."""
    from_template: set[str] = field(default_factory=set)
    """The columns of priorities that come from the template."""
    faults: dict[str, str] = field(default_factory=dict)
    """By column: the faults."""
    changes: list[CellChange] = field(default_factory=list)
    """The changes; None if the row has a fault."""
    warnings: list[str] = field(default_factory=list)
    twin: str = ""
    """A sentence that says whose contact ID this new one looks like."""
