"""Confirms an e-mail address with the link that AWS sent to it, and that its owner has passed on to staff.

Bleep does not open the link. It confirms at AWS with its own credentials: only then can nobody else unsubscribe.
"""

import re
from urllib.parse import parse_qs, urlsplit

import structlog

from alerts.channels import ChannelError, Fault, sns_subscription
from contacts.models import EmailSubscription
from contacts.subscriptions import notes

LONGEST = 4_000
TOKEN = re.compile(r"[0-9A-Za-z-]{8,512}")
NOT_OURS = (
    "This is not the link of the confirmation e-mail for this address. Copy it from the newest message “AWS "
    "Notification - Subscription Confirmation”, from https:// to its end."
)
NOT_ASKED = "AWS has not sent this address a link yet. Try again in a minute."
REFUSED = "AWS does not take this link: it is older than two days, or it was used. Have the confirmation sent again."
AWAY = "AWS did not answer, so nobody knows whether it is confirmed. Look again in a minute."

log = structlog.get_logger(__name__)


class NotConfirmed(Exception):
    """The message is a sentence for staff: why, and what to do."""


def confirm(known: EmailSubscription | None, link: str) -> None:
    """Confirm a subscription with its link. One request to AWS, of six seconds at most.

    Raises:
        NotConfirmed: it is another link, or AWS did not take it.
    """
    if known is None or not known.topic_arn:
        raise NotConfirmed(NOT_ASKED)
    token = _token(link, known.topic_arn)
    if token is None:
        raise NotConfirmed(NOT_OURS)
    try:
        arn = sns_subscription.confirm(known.topic_arn, token)
    except ChannelError as error:
        error.report(log, "subscription.not_confirmed", subscription=str(known.pk))
        raise NotConfirmed(REFUSED if error.fault is Fault.REJECTED else AWAY) from None
    notes.confirmed_with_link(known, arn)


def _token(link: str, topic: str) -> str | None:
    """The token of a link to AWS, in the topic's Region and for this topic; None for any other link."""
    try:
        parts = urlsplit(link.strip()[:LONGEST])
        told = parse_qs(parts.query)
        is_aws = (parts.scheme, parts.netloc.lower()) == ("https", _host(topic))
    except ValueError:
        return None
    topics, tokens = told.get("TopicArn", []), told.get("Token", [])
    if not is_aws or topics != [topic] or len(tokens) != 1 or not TOKEN.fullmatch(tokens[0]):
        return None
    return tokens[0]


def _host(topic: str) -> str:
    """The domain of AWS for a topic: `arn:aws-cn:…` is a part of AWS with a domain of its own."""
    _arn, partition, _sns, region, *_ = topic.split(":")
    return f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
