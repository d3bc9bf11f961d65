"""The items under “Needs attention”: what is wrong, what to do about it, and links to where it is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alerts.attention import EXAMPLES
from alerts.monitoring.findings import Finding
from alerts.sending.delays import Outage
from clients import tokens
from clients.models import ApiToken
from contacts import problems
from staff.home.reader import Reader
from theme import times

ALERTS = "admin:alerts_alert_changelist"
ALERT = "admin:alerts_alert_change"
CLINICIANS = "admin:contacts_clinician_changelist"
CLINICIAN = "admin:contacts_clinician_change"
CLIENT = "admin:clients_apiclient_change"
CHANGE_CLINICIAN = "contacts.change_clinician"
ADD_TOKEN = "clients.add_apitoken"  # noqa: S105 - the name of a permission
TOKENS = "admin:clients_apitoken_changelist"

FINDINGS = {
    "oldest_due_seconds_high": "Alerts of High priority are waiting too long.",
    "oldest_due_seconds_medium": "Alerts of Medium priority are waiting too long.",
    "oldest_due_seconds_low": "Alerts of Low priority are waiting too long.",
    "expired_leases": "Some messages were interrupted while they were being sent, and have not been retried yet.",
    "alerts_without_delivery": "Some alerts have no message to send.",
    "rows_from_the_future": "The clock of Bleep's database was set back, so some times on these pages are wrong.",
    "late_step_seconds": "People who should have been asked to take an alert on have not been asked yet.",
    "relays_silent": "Bleep is not sending: the part that starts every message has stopped, or cannot work.",
    "relays_send_themselves": "In the last two minutes Bleep had to send alerts of High priority by its backup "
    "route. Other alerts may wait.",
    "intake_fails": "Bleep may not be taking alerts from hospital systems: its own test alert did not get in.",
    "requests_not_taken": "Bleep could not store some alerts in the last minutes. The hospital systems send them "
    "again.",
    "workers_silent_urgent": "The part that sends alerts of High priority has stopped.",
    "workers_silent_others": "The part that sends alerts has stopped.",
    "trail_broken": "Somebody has changed Bleep's records of who did and who saw what.",
    "trail_unsealed_seconds": "Actions of people are recorded, but not yet sealed against changes.",
    "expiry_overdue_seconds": "Texts and addresses that should be gone by now are still there.",
    "clock_offset_seconds": "The clocks of the computers that Bleep runs on differ.",
}
"""What each failed check of Bleep itself means to staff."""

MESSAGES_WAIT = (
    "High alerts go to the clinician's next channel at once, if there is one. Of the others Bleep tries one every few "
    "seconds, which may then have arrived although no answer came. The rest waits. What cannot wait: open it, and "
    "reach the person by hand. If it lasts, tell the people who run Bleep."
)
NOTHING_WAITS = (
    "No message waits for it, so nothing has been tried since. The next one shows whether it answers."
)


@dataclass(frozen=True)
class Link:
    """A link on the home page."""

    text: str
    url: str


@dataclass(frozen=True)
class Item:
    """One thing that needs attention. `links` are the first examples, and `more` counts the others."""

    kind: str
    sentence: str
    advice: str
    urgent: bool = True
    first: bool = False
    """Whether it comes before all others."""
    count: int = 1
    """How many things it is about, for the title of the tab."""
    rows: tuple[Any, ...] = ()
    """Lines of their own: see `alert_rows`."""
    high: tuple[int, ...] = ()
    """The keys of its High alerts: a browser makes a sound for a new one."""
    links: tuple[Link, ...] = ()
    more: int = 0
    show_all: Link | None = None

    @property
    def and_more(self) -> str:
        return f"and {self.more:,} more"


def check_failed(subject: str) -> Item:
    return Item(
        f"check failed: {subject}",
        f"Bleep could not check {subject}.",
        "Reload the page in a minute. If this stays, tell the people who run Bleep.",
    )


def database_failed(cause: str | None) -> Item:
    """The item that stands for all checks: `cause` is what `config.database.cause` says."""
    return Item(
        "database",
        "Bleep may not be taking or sending alerts: its database does not work.",
        "Hospital systems send again what was not taken. Tell the people who run Bleep: "
        f"“{cause or 'The database does not answer.'}”",
    )


def of_findings(findings: list[Finding], reader: Reader) -> Iterator[Item]:
    for finding in findings:
        if not finding.ok and not finding.is_for_staff:  # Home names those alerts
            yield Item(
                f"bleep {finding.name}",
                FINDINGS.get(finding.name, "Something is wrong with Bleep itself."),
                "Alerts are kept, and are sent once this is fixed. Tell the people who run Bleep: "
                f"“{finding.sentence.replace('`', '')}”",
            )


def of_outages(outages: list[Outage], reader: Reader) -> Iterator[Item]:
    for outage in outages:
        channel, silence = outage.channel, outage.silence
        says = f"{channel.label}: the provider has given no usable answer {times.since(silence.since)}."
        if not outage.waiting:
            last = times.clock(silence.last_tried, day_of=timezone.now())
            yield Item(f"down {channel.value}", f"{says} It was last tried at {last}.", NOTHING_WAITS)
            continue
        high = f", {outage.high:,} of High priority" if outage.high else ""
        yield Item(
            f"down {channel.value}",
            f"{says} {outage.waiting:,} message{pluralize(outage.waiting, ' waits,s wait')} for it{high}.",
            MESSAGES_WAIT,
            show_all=Link("Show what waits", f"{reverse(ALERTS)}?status=queued&channel={channel.value}"),
        )


def of_break_glass(found: list[User], reader: Reader) -> Iterator[Item]:
    for user in found:
        at = times.clock(user.last_login or timezone.now(), day_of=timezone.now())
        yield Item(
            f"break glass {user.pk}",
            f"The login for emergencies “{user.get_username()}” was used, last at {at}.",
            "If you know of no emergency, tell the people who run Bleep at once: somebody may have the password. This "
            "stays here for a day.",
        )


def of_unconfirmed(found: problems.ProblemSummary, reader: Reader) -> Iterator[Item]:
    if found.count:
        yield Item(
            "unconfirmed",
            f"{_clinicians(found.count)} an e-mail address that is not confirmed, so no alert reaches them by e-mail.",
            "Ask each to open the link in the message “AWS Notification - Subscription Confirmation” in their inbox. "
            "Their page says when it was sent, and can have it sent again.",
            urgent=False,
            **_examples(CLINICIAN, found),
        )


def of_clinicians(found: problems.ProblemSummary, reader: Reader) -> Iterator[Item]:
    if found.count:
        yield Item(
            "unreachable",
            f"{_clinicians(found.count)} a problem: no channel for a priority, no address for a channel, an address "
            "that does not work or a number that may not, neither a call nor an SMS for High, or a contact ID that no "
            "alert can name.",
            "Alerts may not reach them. Open each: the page says what is wrong. "
            + reader.advice(CHANGE_CLINICIAN, "Correct it there.", else_ask="to correct it there"),
            urgent=False,
            show_all=Link("Show all with a problem", f"{reverse(CLINICIANS)}?problem=any"),
            **_examples(CLINICIAN, found),
        )


def of_tokens(found: list[ApiToken], reader: Reader) -> Iterator[Item]:
    now = timezone.now()
    expired, expiring = [
        [token for token in found if token.has_expired(now) is ended] for ended in (True, False)
    ]
    if expired:
        count = len(expired)
        yield Item(
            "refused",
            f"{count} token{pluralize(count, ' has,s have')} expired in use: "
            f"all alerts from {pluralize(count, 'its system,their systems')} are being refused.",
            reader.advice(
                ADD_TOKEN,
                "Issue a new token on the system's page, and give it to its owners. Then revoke the old one, which "
                "removes it from here.",
                else_ask="to issue a new token for its owners, and to revoke the old one",
            ),
            **_token_links(expired),
        )
    if expiring:
        count = len(expiring)
        yield Item(
            "expiring",
            f"{count} token{pluralize(count, ' expires,s expire')} within {tokens.EXPIRES_SOON.days} days.",
            "After that Bleep refuses alerts from the system that uses it. "
            + reader.advice(
                ADD_TOKEN,
                "Rotate it, and give its owners the new token in time.",
                else_ask="to rotate it, and to give its owners the new token in time",
            ),
            urgent=False,
            **_token_links(expiring),
        )


def _examples(page: str, group: problems.ProblemSummary) -> dict[str, Any]:
    links = tuple(Link(name, reverse(page, args=[key])) for key, name in group.examples)
    return {"links": links, "more": group.count - len(links)}


def _token_links(found: list[ApiToken]) -> dict[str, Any]:
    """Links to the clients of the first tokens, with the day each token expires, and to all tokens."""
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
        "show_all": Link("Show all tokens", reverse(TOKENS)),
    }


def _clinicians(count: int) -> str:
    return f"{count:,} clinician{pluralize(count, ' has,s have')}"
