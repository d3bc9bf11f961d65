"""What staff did about an alert, in words.

No queries if the alert was read with `actions__by`, `actions__sent_on_as__clinician` and `actions__asked__clinician`.
"""

from collections.abc import Iterator
from typing import Any

from alerts import actions, labels
from alerts.models import Alert, AlertAction
from alerts.states import StaffAction
from theme.times import full

ICONS: dict[StaffAction, str] = {
    StaffAction.TAKE: "front_hand",
    StaffAction.HAND_BACK: "undo",
    StaffAction.RESEND: "replay",
    StaffAction.FORWARD: "forward",
    StaffAction.CANCEL: "block",
    StaffAction.CLOSE: "task_alt",
    StaffAction.REOPEN: "undo",
}


def in_order(alert: Alert) -> Iterator[tuple[AlertAction, AlertAction | None]]:
    """Each action, with the action by which somebody was on the alert before it."""
    holder: AlertAction | None = None
    for each in sorted(alert.actions.all(), key=lambda each: each.pk):
        yield each, holder
        holder = actions.holder_after(holder, each)


def last(alert: Alert) -> str:
    """The latest action, in a sentence; empty if there is none."""
    record = actions.newest(alert.actions.all())
    return said(record) if record else ""


def said(record: AlertAction) -> str:
    """An action in a sentence, "Sent again by Olive Oakes, 22 Nov 2026, 20:31:24 GMT."."""
    return f"{title(record)}, {full(record.created_at)}."


def on_it(alert: Alert) -> str:
    """Who is on it, and since when, in a sentence; empty if nobody is."""
    record = actions.holding(alert.actions.all())
    return f"{name_of(record.by)} has been on it since {full(record.created_at)}." if record else ""


def title(record: AlertAction, taken_from: AlertAction | None = None) -> str:
    """Who did what. Taking on an alert that somebody else is on takes it over from them."""
    if record.action == StaffAction.TAKE and taken_from:
        return f"Taken over from {name_of(taken_from.by)} by {name_of(record.by)}"
    return f"{labels.DONE_BY[StaffAction(record.action)]} {name_of(record.by)}"


def sentences(record: AlertAction) -> tuple[str, ...]:
    """How the alert was dealt with and who was told, or to whom it was sent."""
    if record.outcome:
        told = f": {record.told}" if record.told else ""
        return (f"{record.get_outcome_display()}{told}.",)
    if record.sent_on_as:
        other = record.sent_on_as
        return (f"To {other.clinician.name} ({other.contact_id}).",)
    if record.asked:
        person = record.asked.clinician
        return (f"To {person.name} ({person.contact_id}), who is asked to take it on.",)
    return ()


def name_of(user: Any) -> str:
    """The user's name for display."""
    return str(user.get_full_name() or user.get_username())
