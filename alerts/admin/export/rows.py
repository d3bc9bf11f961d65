"""The content of an exported file of alerts: a description of the export, then one row for each alert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from alerts import labels
from alerts.admin.status import badge
from alerts.admin.timeline import moments
from alerts.escalation import responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Delivery, Engagement
from alerts.states import Reason
from contacts.choices import Channel
from oncall.plans import FrozenPlan

HEADINGS = (
    "Message ID",
    "Received",
    "Priority",
    "Type",
    "Status",
    "Contact ID",
    "Clinician",
    "Department",
    "Hospital system",
    "Patient reference",
    "Text",
    "Channels",
    "Taken by a provider",
    "Seconds until then",
    "Picked up",
    "Seconds until picked up",
    "Channel test",
    "Responsibility",
    "Accepted by",
    "Accepted by (contact ID)",
    "Accepted",
    "Seconds until accepted",
    "How that is known",
    "Plan",
    "Who was asked",
    "First answer",
    "Seconds until first answer",
    "Ended",
)
AT_ONCE = 500
"""Alerts that are read together, with five queries, and four more if somebody was asked to take one on."""


@dataclass(frozen=True)
class Export:
    """The alerts of one export, fixed when the export begins."""

    ids: Sequence[int]
    """In the order of the list."""
    by: str
    """Who exports them."""
    filters: Sequence[str]
    """The search and the filters of the list, in words."""
    at: datetime
    title: str = "Alerts"
    headings: Sequence[str] = HEADINGS

    def about(self) -> list[tuple[str, str]]:
        """The description of the file: pairs of a heading and its text."""
        return [
            ("Alerts exported from Bleep", ""),
            ("Exported", _moment(self.at)),
            ("By", self.by),
            ("Filters", "; ".join(self.filters) or "none: all alerts"),
            ("Alerts", str(len(self.ids))),
            ("Times", f"{settings.TIME_ZONE}, with the difference from UTC"),
        ]

    def rows(self) -> Iterator[list[str]]:
        """The cells of each alert, as `HEADINGS` names them."""
        for first in range(0, len(self.ids), AT_ONCE):
            some = self.ids[first : first + AT_ONCE]
            alerts = Alert.objects.with_status().select_related("clinician", "client")
            found = alerts.prefetch_related("deliveries__attempts", "actions").in_bulk(some)
            standing = responsibility.of(found.values())
            answered = responsibility.first_answers(found.values())
            yield from (_cells(found[pk], standing[pk], answered.get(pk)) for pk in some)


def _cells(alert: Alert, standing: Responsibility, first_answer: datetime | None) -> list[str]:
    deliveries = sorted(alert.messages, key=lambda each: (each.round, each.created_at, each.channel))
    taken, picked_up = moments.taken_at(alert), moments.picked_up_at(alert)
    ended = moments.ended_at(alert)
    return [
        alert.message_id,
        _moment(alert.created_at),
        alert.get_priority_display(),
        alert.type,
        badge(alert).text,
        alert.contact_id,
        alert.clinician.name,
        alert.clinician.department,
        alert.client.name if alert.client else "",
        alert.patient_id,
        alert.description,
        "; ".join(_in_words(each, standing) for each in deliveries),
        _moment(taken) if taken else "",
        _seconds(alert, taken),
        _moment(picked_up) if picked_up else "",
        _seconds(alert, picked_up),
        "yes" if alert.is_test else "no",
        str(standing.state.label),
        *_accepted(alert, standing),
        FrozenPlan.from_json(standing.loop.plan).name if standing.loop else "",
        "; ".join(_person(each) for each in standing.engagements),
        _moment(first_answer) if first_answer else "",
        _seconds(alert, first_answer),
        _moment(ended) if ended else "",
    ]


def _accepted(alert: Alert, standing: Responsibility) -> list[str]:
    """Who has the alert, since when, and how Bleep knows."""
    holder, given = standing.holder, standing.acceptance
    if holder is None or given is None:
        return [""] * 5
    return [
        holder.clinician.name,
        holder.clinician.contact_id,
        _moment(given.at),
        _seconds(alert, given.at),
        given.get_proof_display(),
    ]


def _person(asked: Engagement) -> str:
    """`Second Clinician (C-2): No answer in time, 2026-11-29 17:05:11+00:00 to 2026-11-29 17:07:11+00:00`."""
    until = f"to {_moment(asked.ended_at)}" if asked.ended_at else ""
    return f"{asked.clinician}: {asked.get_state_display()}, {_moment(asked.asked_at)} {until}".rstrip()


def _in_words(delivery: Delivery, standing: Responsibility) -> str:
    """`Telephone call: Failed (nobody answered)`; with the person, where several may be asked."""
    why = f" ({labels.REASON_IN_BRIEF[Reason(delivery.reason)]})" if delivery.reason else ""
    person = next((each for each in standing.engagements if each.pk == delivery.engagement_id), None)
    to = f" to {person.clinician.name}" if person else ""
    return f"{Channel(delivery.channel).label}{to}: {delivery.get_state_display()}{why}"


def _moment(at: datetime) -> str:
    """`2026-11-29 17:05:11+00:00`, which spreadsheet programs leave as it is."""
    return timezone.localtime(at).isoformat(sep=" ", timespec="seconds")


def _seconds(alert: Alert, at: datetime | None) -> str:
    return f"{(at - alert.created_at).total_seconds():.1f}" if at else ""
