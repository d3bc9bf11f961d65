"""The state of a subscription, in sentences for staff."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from contacts.choices import Subscription
from contacts.models import EmailSubscription

WHAT_TO_DO = {
    Subscription.WANTED: "A relay makes it within seconds, unless AWS is away; AWS then writes to the person.",
    Subscription.PENDING: "Ask the person to open the link in the message “AWS Notification - Subscription "
    "Confirmation”.",
    Subscription.LAPSED: "Have the confirmation sent again.",
    Subscription.SUSPENDED: "It got too many e-mails in a second. Have the confirmation sent again.",
    Subscription.GONE: "Ask the person, and have the confirmation sent again.",
    Subscription.REFUSED: "Correct the address.",
}


def sentence(known: EmailSubscription | None) -> str:
    """`The subscription waits for the person to confirm it, since 28 November 2026, 14:03. …`"""
    if known is None:
        return f"The subscription {Subscription.WANTED.label}. {WHAT_TO_DO[Subscription.WANTED]}"
    state = Subscription(known.state)
    said = [f"The subscription {state.label} (since {_at(known.since)})."]
    if known.asked_at and state is not Subscription.WANTED:
        said.append(f"AWS last said so on {_at(known.asked_at)}.")
    if state in WHAT_TO_DO:
        said.append(f"No alert goes to it. {WHAT_TO_DO[state]}")
    return " ".join(capfirst(each) for each in said)


def invited(known: EmailSubscription | None) -> str:
    """When AWS wrote to the person; empty if it has not, or if that does not matter any more."""
    if known is None or known.invited_at is None or known.is_confirmed:
        return ""
    return f"AWS last sent the e-mail with the link on {_at(known.invited_at)}. The link works for two days."


def _at(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i")
