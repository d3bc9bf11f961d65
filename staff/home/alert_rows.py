"""The alerts under “Needs attention”: who was meant, how urgent it is, since when, why it failed, and who is on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.template.defaultfilters import pluralize
from django.urls import reverse

from alerts import actions, attention, labels
from alerts.admin.handling.carry_out import seen
from alerts.admin.permissions import HANDLE
from alerts.admin.timeline import handled
from alerts.attention import NamedAlert, Unreached, UnreachedAlert
from alerts.models import AlertAction
from alerts.states import Reason, StaffAction
from contacts.choices import Priority
from staff.home.items import ALERT, ALERTS, Item, Link
from staff.home.reader import Reader
from theme.times import ago

DECISIONS = (StaffAction.CLOSE, StaffAction.CANCEL, StaffAction.REOPEN)
FAILED = "failed: no clinician is known to have been reached."
IN_DOUBT = "may not have arrived: the provider did not confirm it."
DO = (
    "Say that you are on it, and open it: its page has the person's numbers. Reach them, or send it to somebody else. "
    "Then mark it as dealt with."
)


@dataclass(frozen=True)
class Button:
    """A button that acts at once."""

    text: str
    address: str


@dataclass(frozen=True)
class AlertRow:
    """An alert that reached nobody, in a line."""

    key: str
    seen: str
    url: str
    priority: str
    is_high: bool
    name: str
    department: str
    at: datetime
    ago: str
    why: str
    held: str
    sent_on: str
    buttons: tuple[Button, ...]


def of_alerts(found: Unreached, reader: Reader) -> Iterator[Item]:
    """One item for all of them, with the most urgent by name, and the latest actions of staff."""
    done = attention.done_about([each.key for each in found.first])
    rows = tuple(
        row(each, done[each.key], reader.user, why=_why(each))
        for each in found.first
        if not is_decided(done[each.key])
    )
    if not rows:
        return
    counted = ((found.failed, FAILED), (found.in_doubt, IN_DOUBT))
    sentences = [f"{count:,} alert{pluralize(count)} {what}" for count, what in counted if count]
    total = found.failed + found.in_doubt
    yield Item(
        "failed",
        " ".join(sentences),
        reader.advice(HANDLE, DO, else_ask="to look after them"),
        count=total,
        high=found.high,
        rows=rows,
        more=total - len(found.first),
        show_all=Link("Show all failed alerts", f"{reverse(ALERTS)}?status=attention&responsibility=none"),
    )


def is_decided(done: list[AlertAction]) -> bool:
    """Whether somebody has ended the alert since it was found."""
    decisions = [each.action for each in done if each.action in DECISIONS]
    return bool(decisions) and decisions[-1] != StaffAction.REOPEN


def _why(alert: UnreachedAlert) -> str:
    return labels.REASON_IN_BRIEF[Reason.ANSWER_LOST if alert.in_doubt else alert.reason]


def row(alert: NamedAlert, done: list[AlertAction], user: User | AnonymousUser, *, why: str) -> AlertRow:
    """The line of an alert, with the actions of staff on it in `done`."""
    held = actions.holding(done)
    return AlertRow(
        key=f"alert-{alert.key}",
        seen=seen(alert.key, done),
        url=reverse(ALERT, args=[alert.key]),
        priority=str(alert.priority.label),
        is_high=alert.priority is Priority.HIGH,
        name=alert.name,
        department=alert.department,
        at=alert.received_at,
        ago=ago(alert.received_at),
        why=why,
        held=f"{handled.name_of(held.by)} took it on {ago(held.created_at)}" if held else "",
        sent_on=", ".join(f"sent on to {name}" for each in done if (name := _sent_on_to(each))),
        buttons=tuple(_buttons(alert.key, held, user)),
    )


def _sent_on_to(record: AlertAction) -> str:
    if record.asked:
        return record.asked.clinician.name
    return record.sent_on_as.clinician.name if record.sent_on_as else ""


def _buttons(key: int, held: AlertAction | None, user: User | AnonymousUser) -> Iterator[Button]:
    if not user.has_perm(HANDLE):
        return
    action = StaffAction.HAND_BACK if held and held.by_id == user.pk else StaffAction.TAKE
    text = "Take over" if held and action is StaffAction.TAKE else str(action.label)
    yield Button(text, reverse(f"admin:alerts_alert_{action.value}", args=[key]))
