"""What needs somebody's attention now, in sentences that say what to do, for those who may see it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alerts import audit, breaker, figures
from alerts.audit import Finding
from alerts.figures import Trouble, Troubled
from clients import tokens
from contacts import reachability
from contacts.choices import Channel
from staff.remembered import remembered

SECONDS = 5.0
"""For so long an answer is kept: what is dealt with is gone from the page soon."""

ALERTS = "admin:alerts_alert_changelist"
FAILED_ALERTS = "?status=attention"
ALERT = "admin:alerts_alert_change"
CLINICIANS = "admin:contacts_clinician_changelist"
CLINICIAN = "admin:contacts_clinician_change"
CLIENT = "admin:clients_apiclient_change"
TOKENS = "admin:clients_apitoken_changelist"


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


def look(user: User | AnonymousUser) -> Attention:
    """What this person should know of. At most a query for each question, none where it was asked just now."""
    items: list[Item] = []
    times: list[datetime] = []
    sees_alerts = user.has_perm("alerts.view_alert")
    sees_clinicians = user.has_perm("contacts.view_clinician")
    # Whether Bleep delivers at all is everybody's business, and nobody's secret.
    down = remembered(breaker.channels_down, seconds=SECONDS)
    found = remembered(audit.findings, seconds=SECONDS)
    times += [down.at, found.at]
    items += [*_of_bleep(found.value), *map(_of_channel, down.value)]
    if sees_alerts or sees_clinicians:
        troubles = remembered(figures.troubles, seconds=SECONDS)
        times.append(troubles.at)
        for trouble in troubles.value:
            about_people = trouble.trouble is Trouble.UNCONFIRMED
            if sees_clinicians if about_people else sees_alerts:
                items.append(_of_people(trouble) if about_people else _of_alerts(trouble))
    if sees_clinicians:
        unreachable = remembered(reachability.unreachable, seconds=SECONDS)
        times.append(unreachable.at)
        items += _of_unreachable(unreachable.value)
    if user.has_perm("clients.view_apitoken"):
        expiring = remembered(_expiring, seconds=SECONDS)
        times.append(expiring.at)
        items += expiring.value
    return Attention(sorted(items, key=lambda item: not item.grave), min(times))


def _of_bleep(findings: list[Finding]) -> Iterator[Item]:
    for finding in findings:
        if not finding.ok:
            advice = "Tell the people who run Bleep. Alerts that were taken are kept, and are sent once this is mended."
            yield Item(f"bleep {finding.name}", finding.sentence.replace("`", ""), advice)


def _of_channel(channel: Channel) -> Item:
    return Item(
        f"down {channel.value}",
        f"{channel.label}: the provider does not answer.",
        "Bleep tries it again every few seconds, and takes a clinician's next channel for urgent alerts meanwhile. "
        "If it lasts, tell the people who run Bleep.",
    )


def _of_alerts(found: Troubled) -> Item:
    links = tuple(Link(called, reverse(ALERT, args=[key])) for key, called in found.examples)
    everything = Link("Show all that failed", reverse(ALERTS) + FAILED_ALERTS)
    many = f"{found.count:,} alert{pluralize(found.count)}"
    if found.trouble is Trouble.FAILED:
        sentence = f"{many} reached nobody."
        advice = "Open each, see why, and resend it or reach the clinician another way; then mark it as dealt with."
    else:
        sentence = f"{many} may have reached nobody: the provider's answer was lost."
        advice = "Ask the clinician whether it arrived. Resend it if it did not; then mark it as dealt with."
    return Item(
        found.trouble.value,
        sentence,
        advice,
        links=links,
        more=found.count - len(links),
        everything=everything,
    )


def _of_people(found: Troubled) -> Item:
    links = _clinicians(found.examples)
    return Item(
        found.trouble.value,
        f"{_people(found.count)} not confirmed their e-mail address, so e-mails to them fail.",
        "Ask each to open the link in the message “AWS Notification - Subscription Confirmation” in their inbox.",
        grave=False,
        links=links,
        more=found.count - len(links),
    )


def _of_unreachable(found: reachability.Unreachable) -> Iterator[Item]:
    if found.count:
        links = _clinicians(found.examples)
        yield Item(
            "unreachable",
            f"{_people(found.count)} no channel for a priority, or no address for a channel.",
            "Alerts may miss them. Open each, and choose channels that have an address.",
            grave=False,
            links=links,
            more=found.count - len(links),
            everything=Link("Show all who have a problem", f"{reverse(CLINICIANS)}?problem=any"),
        )


def _expiring() -> list[Item]:
    soon = list(tokens.expiring().select_related("client"))
    links = tuple(
        Link(
            f"{token} ({date_format(timezone.localtime(token.expires_at), 'j F')})",
            reverse(CLIENT, args=[token.client_id]),
        )
        for token in soon[: figures.EXAMPLES]
    )
    sentence = f"{len(soon)} token{pluralize(len(soon), ' expires,s expire')} within {tokens.EXPIRES_SOON.days} days."
    advice = (
        "The system that uses it is refused from then on. Rotate it, and give its owners the new one in time."
    )
    everything = Link("Show all tokens", reverse(TOKENS))
    more = len(soon) - len(links)
    item = Item("expiring", sentence, advice, grave=False, links=links, more=more, everything=everything)
    return [item] if soon else []


def _clinicians(examples: tuple[tuple[int, str], ...]) -> tuple[Link, ...]:
    return tuple(Link(name, reverse(CLINICIAN, args=[key])) for key, name in examples)


def _people(count: int) -> str:
    return f"{count:,} clinician{pluralize(count, ' has,s have')}"
