"""What needs somebody's attention now, in sentences that say what to do, for those who may see it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alerts import statistics
from alerts.monitoring import checks
from alerts.monitoring.checks import Finding
from alerts.sending import breaker
from alerts.statistics import EXAMPLES, AttentionGroup, AttentionKind
from clients import tokens
from clients.models import ApiToken
from contacts import problems
from contacts.choices import Channel
from staff.home.remembered import remembered

SECONDS = 5.0
"""For so long an answer is kept: what is dealt with is gone from the page soon."""

ALERTS = "admin:alerts_alert_changelist"
FAILED_ALERTS = "?status=attention"
ALERT = "admin:alerts_alert_change"
CLINICIANS = "admin:contacts_clinician_changelist"
CLINICIAN = "admin:contacts_clinician_change"
CLIENT = "admin:clients_apiclient_change"
TOKENS = "admin:clients_apitoken_changelist"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Link:
    """Some words, and the page that they lead to."""

    words: str
    href: str


@dataclass(frozen=True)
class Item:
    """One thing that needs attention: what is wrong, what to do about it, and the way there."""

    kind: str
    sentence: str
    advice: str
    grave: bool = True
    links: tuple[Link, ...] = field(default=())
    more: int = 0
    """How many there are beyond those that are linked."""
    everything: Link | None = None

    @property
    def others(self) -> str:
        """The words for those, empty where there are none."""
        return f"and {self.more:,} more" if self.more else ""


@dataclass(frozen=True)
class Attention:
    """All of it, the gravest first, and when it was looked at."""

    items: list[Item]
    at: datetime


@dataclass(frozen=True)
class Question:
    """Something that is looked at: by whose eyes, and what the answer comes to."""

    about: str
    """What is not known while there is no answer."""
    ask: Callable[[], Any]
    tell: Callable[[Any], Iterable[Item]]
    permission: str | None = None
    """None is for everybody: whether Bleep delivers at all is nobody's secret."""


def look(user: User | AnonymousUser) -> Attention:
    """What this person should know of. At most a query for each question, none where it was asked just now."""
    answers = [
        _answered(question)
        for question in QUESTIONS
        if question.permission is None or user.has_perm(question.permission)
    ]
    items = [item for told, _at in answers for item in told]
    return Attention(sorted(items, key=lambda item: not item.grave), min(at for _told, at in answers))


def _answered(question: Question) -> tuple[list[Item], datetime]:
    """What the answer comes to, and when it was given. One that fails is told of, and hides none of the others."""
    try:
        answer = remembered(question.ask, seconds=SECONDS)
    except Error as error:
        log.error("home.unanswered", about=question.about, error=type(error).__name__)  # noqa: TRY400 - no text of it
        return [_unanswered(question)], timezone.now()
    return list(question.tell(answer.value)), answer.at


def _unanswered(question: Question) -> Item:
    return Item(
        f"unanswered {question.about}",
        f"Bleep could not look at {question.about} just now.",
        "Reload the page in a minute. If this stays, tell the people who run Bleep.",
    )


def _of_bleep(findings: list[Finding]) -> Iterator[Item]:
    for finding in findings:
        if not finding.ok:
            yield Item(
                f"bleep {finding.name}",
                IN_PLAIN_WORDS.get(finding.name, "Something is wrong with Bleep itself."),
                "Alerts that were taken are kept, and are sent once this is mended. Tell the people who run Bleep: "
                f"“{finding.sentence.replace('`', '')}”",
            )


def _of_channels(down: list[Channel]) -> Iterator[Item]:
    for channel in down:
        yield Item(
            f"down {channel.value}",
            f"{channel.label}: the provider does not answer.",
            "Bleep tries it again every few seconds, and takes a clinician's next channel for urgent alerts "
            "meanwhile. If it lasts, tell the people who run Bleep.",
        )


def _of_alerts(groups: list[AttentionGroup]) -> Iterator[Item]:
    for found in groups:
        if found.kind in REACHED_NOBODY:
            sentence, advice = REACHED_NOBODY[found.kind]
            links = tuple(Link(called, reverse(ALERT, args=[key])) for key, called in found.examples)
            yield Item(
                found.kind.value,
                f"{found.count:,} alert{pluralize(found.count)} {sentence}",
                advice,
                links=links,
                more=found.count - len(links),
                everything=Link("Show all that failed", reverse(ALERTS) + FAILED_ALERTS),
            )


def _of_unconfirmed(groups: list[AttentionGroup]) -> Iterator[Item]:
    for found in groups:
        if found.kind is AttentionKind.UNCONFIRMED:
            links = _clinicians(found.examples)
            yield Item(
                found.kind.value,
                f"{_people(found.count)} not confirmed their e-mail address, so e-mails to them fail.",
                "Ask each to open the link in the message “AWS Notification - Subscription Confirmation” in their "
                "inbox.",
                grave=False,
                links=links,
                more=found.count - len(links),
            )


def _of_clinicians(found: problems.ProblemSummary) -> Iterator[Item]:
    if found.count:
        links = _clinicians(found.examples)
        yield Item(
            "unreachable",
            f"{_people(found.count)} a problem: no channel for a priority, no address for a channel, or neither a "
            "call nor an SMS for High.",
            "Alerts may miss them. Open each: the page says what is wrong.",
            grave=False,
            links=links,
            more=found.count - len(links),
            everything=Link("Show all who have a problem", f"{reverse(CLINICIANS)}?problem=any"),
        )


def _of_tokens(found: list[ApiToken]) -> Iterator[Item]:
    now = timezone.now()
    refused, soon = [[token for token in found if token.has_expired(now) is ended] for ended in (True, False)]
    if refused:
        yield Item(
            "refused",
            f"{len(refused)} token{pluralize(len(refused), ' has,s have')} expired in use: "
            f"{pluralize(len(refused), 'its system is,their systems are')} being refused, with all alerts.",
            "Issue a new token on the page of the system, and give it to its owners. Then revoke the old one, which "
            "takes it from here.",
            **_linked(refused),
        )
    if soon:
        yield Item(
            "expiring",
            f"{len(soon)} token{pluralize(len(soon), ' expires,s expire')} within {tokens.EXPIRES_SOON.days} days.",
            "The system that uses such a token is refused from then on. Rotate it, and give its owners the new one in "
            "time.",
            grave=False,
            **_linked(soon),
        )


def _linked(found: list[ApiToken]) -> dict[str, Any]:
    """The ways to the first of these tokens, each with its day, and to all."""
    links = tuple(
        Link(
            f"{token} ({date_format(timezone.localtime(token.expires_at), 'j F')})",
            reverse(CLIENT, args=[token.client_id]),
        )
        for token in found[:EXAMPLES]
    )
    return {
        "links": links,
        "more": len(found) - len(links),
        "everything": Link("Show all tokens", reverse(TOKENS)),
    }


def _tokens() -> list[ApiToken]:
    """Those whose systems are refused, and those that end soon. One query."""
    return list((tokens.refused() | tokens.expiring()).select_related("client"))


def _clinicians(examples: tuple[tuple[int, str], ...]) -> tuple[Link, ...]:
    return tuple(Link(name, reverse(CLINICIAN, args=[key])) for key, name in examples)


def _people(count: int) -> str:
    return f"{count:,} clinician{pluralize(count, ' has,s have')}"


IN_PLAIN_WORDS = {
    "oldest_due_seconds_high": "Alerts of High priority wait longer than they should.",
    "oldest_due_seconds_medium": "Alerts of Medium priority wait longer than they should.",
    "oldest_due_seconds_low": "Alerts of Low priority wait longer than they should.",
    "expired_leases": "Messages were interrupted while they were being sent, and nothing has taken them up yet.",
    "alerts_without_delivery": "There are alerts for which no message was made.",
    "relays_silent": "Bleep is not sending: the part that starts every message is silent.",
    "relays_send_themselves": "In the last two minutes Bleep had to send alerts of High priority in an emergency way. "
    "Others may wait.",
    "workers_silent_urgent": "The part that sends alerts of High priority is silent.",
    "workers_silent_others": "The part that sends alerts is silent.",
}
"""What a finding of the audit means for those who wait for alerts."""

REACHED_NOBODY: dict[AttentionKind, tuple[str, str]] = {
    AttentionKind.FAILED: (
        "failed: nobody is known to have been reached.",
        "Open each, see why, and send it again or reach the clinician another way; then mark it as dealt with.",
    ),
    AttentionKind.UNKNOWN: (
        "may have reached nobody: the provider's answer was lost.",
        "Ask the clinician whether it arrived. Send it again if it did not; then mark it as dealt with.",
    ),
}
"""What is said of alerts, after how many they are, and what to do about them."""

QUESTIONS = (
    Question("whether Bleep is sending", checks.findings, _of_bleep),
    Question("whether the providers answer", breaker.channels_down, _of_channels),
    Question("failed alerts", statistics.needing_attention, _of_alerts, "alerts.view_alert"),
    Question(
        "unconfirmed e-mail addresses",
        statistics.needing_attention,
        _of_unconfirmed,
        "contacts.view_clinician",
    ),
    Question("clinicians with a problem", problems.summary, _of_clinicians, "contacts.view_clinician"),
    Question("tokens that expire", _tokens, _of_tokens, "clients.view_apitoken"),
)
