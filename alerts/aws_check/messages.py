"""Whether SNS sends Bleep's SMS and replies come back: the sandbox, the spending limit, opted-out people, the queue."""

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from alerts.aws_check.asking import Check, Result, client, ok, warning, wrong
from contacts.choices import Channel
from contacts.models import Clinician

NEARLY_SPENT = 0.8
"""The share of the monthly limit from which on the result is a warning."""
DAY = 24 * 60 * 60
"""In seconds."""
NAMED = 20
"""How many clinicians are named."""
MANY_REPLIES = 20
"""How many replies may wait: a relay takes each within seconds."""
SUBJECT_SANDBOX, SUBJECT_SPEND, SUBJECT_OPTED_OUT, SUBJECT_REPLIES = (
    "SMS sandbox",
    "SMS spend",
    "Opted-out numbers",
    "Replies by SMS",
)


def _sandbox() -> Iterator[Result]:
    if client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield wrong(
            SUBJECT_SANDBOX,
            "The account is in it: SMS go to ten numbers that were verified, and to nobody else.",
            "Ask AWS to move the account out of the SMS sandbox. It takes a day or more.",
        )
    else:
        yield ok(SUBJECT_SANDBOX, "The account is out of it.")


def _spend() -> Iterator[Result]:
    attributes = client("sns").get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    limit = float(attributes.get("MonthlySpendLimit") or 1)  # AWS's default for an account
    spent = _spent()
    said = f"${spent:,.2f} of ${limit:,.2f} are spent this month."
    if spent >= limit:
        yield wrong(
            SUBJECT_SPEND,
            f"{said} SNS takes further SMS, and does not send them.",
            "Ask AWS for a higher limit at once.",
        )
    elif spent >= NEARLY_SPENT * limit:
        yield warning(SUBJECT_SPEND, said, "Ask AWS for a higher limit before it is reached.")
    else:
        yield ok(SUBJECT_SPEND, said)


def _spent() -> float:
    """US dollars this month: https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html."""
    now = timezone.now()
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="SMSMonthToDateSpentUSD",
        StartTime=now.replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        ),  # on days without an SMS there is no data point
        EndTime=now,
        Period=DAY,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((float(point["Maximum"]) for point in points), default=0.0)


def _opted_out() -> Iterator[Result]:
    pages = client("sns").get_paginator("list_phone_numbers_opted_out").paginate()
    opted_out = {number for page in pages for number in page.get("phoneNumbers", [])}
    field = Channel.SMS.facts.address_field
    ours = Clinician.objects.filter(active=True, **{f"{field}__in": opted_out}).order_by("contact_id")
    names = list(ours.values_list("contact_id", flat=True)[: NAMED + 1])
    if not names:
        yield ok(SUBJECT_OPTED_OUT, "None of them is an active clinician's.")
        return
    more = ", and more" if names[NAMED:] else ""
    yield warning(
        SUBJECT_OPTED_OUT,
        f"No SMS reaches {', '.join(names[:NAMED])}{more}: they replied STOP, or somebody opted them out.",
        "Ask them; SNS takes a number back once in 30 days (Amazon SNS, Mobile, Text messaging, Opted-out numbers).",
    )


def _replies() -> Iterator[Result]:
    url, number = settings.SMS_REPLY_QUEUE_URL, settings.SMS_ORIGINATION_NUMBER
    if not (url or number):
        yield ok(SUBJECT_REPLIES, "SMS_REPLY_QUEUE_URL is not set: no SMS asks for a reply.")
        return
    if not (url and number):
        missing = "SMS_ORIGINATION_NUMBER" if url else "SMS_REPLY_QUEUE_URL"
        yield warning(
            SUBJECT_REPLIES,
            f"{missing} is not set, so no SMS asks for a reply.",
            "Set both, or neither, and restart Bleep.",
        )
        return
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    waiting = int(found["Attributes"]["ApproximateNumberOfMessages"])
    said = f"About {waiting:,} wait in the queue of replies to {number}."
    if waiting >= MANY_REPLIES:
        yield warning(
            SUBJECT_REPLIES,
            said,
            "See whether a relay runs, and what its log says (queue.aws_away, reply.failed).",
        )
    else:
        yield ok(SUBJECT_REPLIES, said)


CHECKS = (
    Check(SUBJECT_SANDBOX, "sns:GetSMSSandboxAccountStatus", _sandbox),
    Check(SUBJECT_SPEND, "sns:GetSMSAttributes and cloudwatch:GetMetricStatistics", _spend),
    Check(SUBJECT_OPTED_OUT, "sns:ListPhoneNumbersOptedOut", _opted_out),
    Check(SUBJECT_REPLIES, "sqs:GetQueueAttributes", _replies),
)
