"""`manage.py aws_check`: what each answer of AWS comes to."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from alerts import aws_check
from alerts.aws_check import account, calls, messages
from alerts.aws_check.asking import Verdict, client
from contacts.models import Clinician
from tests.alerts.aws_check.conftest import Stub, check, only
from tests.aws import Aws
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

OK, WARNING, WRONG, UNKNOWN = Verdict
IDENTITY = {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/bleep/x", "UserId": "x"}


def test_with_the_stand_in_nothing_is_wrong_and_nothing_is_sent(aws: Aws) -> None:
    printed = StringIO()

    call_command("aws_check", stdout=printed)

    lines = printed.getvalue().splitlines()
    assert len(lines) == len(aws_check.CHECKS) + 2  # the clock, and the last line
    assert all(line.startswith("ok ") for line in lines[:-1]), lines
    assert lines[-1] == "Nothing is wrong."
    assert aws.messages() == []


def test_wrong_is_an_exit_status_and_says_what_to_do(aws: Aws, settings: Settings) -> None:
    settings.CONNECT_SOURCE_PHONE_NUMBER = "+442079460001"
    printed = StringIO()

    with pytest.raises(CommandError, match="1 of 12 are wrong: Bleep cannot send all alerts"):
        call_command("aws_check", stdout=printed)

    [line] = [line for line in printed.getvalue().splitlines() if line.startswith("WRONG")]
    assert line == (
        "WRONG    Caller's number: +442079460001 does not belong to the instance. "
        "Claim it in Amazon Connect, under Phone numbers, or set another."
    )


@pytest.mark.parametrize(
    ("code", "verdict", "sentence"),
    [
        ("InvalidClientTokenId", WRONG, "AWS refuses the question (InvalidClientTokenId)."),
        ("InternalFailure", UNKNOWN, "AWS has not answered (InternalFailure)."),
    ],
)
def test_where_aws_does_not_know_bleep_nothing_else_is_asked(
    stub: Stub, code: str, verdict: Verdict, sentence: str
) -> None:
    stub("sts", "get_caller_identity", code)

    [result] = aws_check.run()

    assert (result.verdict, result.sentence) == (verdict, sentence)


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(0, OK), (1, WARNING), (-1, WARNING), (6, WRONG), (-16, WRONG)]
)
def test_a_clock_that_is_off_is_seen(stub: Stub, minutes: int, verdict: Verdict) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    heads = {"ResponseMetadata": {"HTTPHeaders": {"date": date}, "HTTPStatusCode": 200}}
    stub("sts", "get_caller_identity", {**IDENTITY, **heads})

    credentials, clock = account.CREDENTIALS.results()

    assert credentials.verdict is OK
    assert clock.verdict is verdict


@pytest.mark.parametrize(
    ("code", "verdict", "advice"),
    [
        ("AccessDenied", UNKNOWN, "Allow connect:DescribeInstance to Bleep's role"),
        ("AccessDeniedException", UNKNOWN, "Allow connect:DescribeInstance to Bleep's role"),
        ("ResourceNotFoundException", WRONG, "Correct what it was asked about"),
        ("InternalServiceException", UNKNOWN, "Try again"),
        ("ThrottlingException", UNKNOWN, "Try again"),
    ],
)
def test_a_question_that_is_not_answered_is_not_called_well(
    stub: Stub, code: str, verdict: Verdict, advice: str
) -> None:
    stub("connect", "describe_instance", code)

    result = only(check("Connect instance"))

    assert result.verdict is verdict
    assert advice in result.advice


@pytest.mark.parametrize(
    ("instance", "sentence"),
    [
        ({"InstanceStatus": "CREATION_FAILED", "OutboundCallsEnabled": True}, "It is CREATION_FAILED."),
        ({"InstanceStatus": "ACTIVE", "OutboundCallsEnabled": False}, "It may not place calls."),
    ],
)
def test_an_instance_that_cannot_call_is_wrong(stub: Stub, instance: dict[str, Any], sentence: str) -> None:
    stub("connect", "describe_instance", {"Instance": instance})

    result = only(check("Connect instance"))

    assert (result.verdict, result.sentence) == (WRONG, sentence)


def flow(*texts: str, drawn: str = "", **more: str) -> dict[str, Any]:
    """A contact flow that speaks `texts`; `drawn` stands in its notes."""
    blocks = [
        {"Identifier": text, "Type": "MessageParticipant", "Parameters": {"Text": text}} for text in texts
    ]
    content = {"Version": "2019-10-30", "Actions": blocks, "Metadata": {"Annotations": [drawn]}}
    return {"ContactFlow": {"Name": "Alerts", "Content": json.dumps(content), **more}}


@pytest.mark.parametrize(
    ("answer", "verdict", "sentence"),
    [
        (flow("$.Attributes.Message", "$.Attributes.Message2", Status="PUBLISHED"), OK, "is published"),
        (flow("$.Attributes.Message $.Attributes.Message2", Status="SAVED"), WRONG, "is not published"),
        (flow("$.Attributes.Message $.Attributes.Message2", State="ARCHIVED"), WRONG, "is not published"),
        (flow("$.Attributes.Message"), WRONG, "does not speak $.Attributes.Message2:"),
        (flow("$.Attributes.Message2"), WRONG, "does not speak $.Attributes.Message:"),
        (
            flow("Hello", drawn="$.Attributes.Message $.Attributes.Message2"),
            WRONG,
            "does not speak $.Attributes.Message and $.Attributes.Message2:",
        ),
        ({"ContactFlow": {"Content": "no JSON"}}, WRONG, "does not speak"),
    ],
)
def test_a_flow_must_be_published_and_speak_both_attributes(
    stub: Stub, answer: dict[str, Any], verdict: Verdict, sentence: str
) -> None:
    stub("connect", "describe_contact_flow", answer)

    result = only(check("Contact flow"))

    assert result.verdict is verdict
    assert sentence in result.sentence


@pytest.mark.parametrize(
    ("old", "new", "is_ours"),
    [
        ("", "", True),
        ("Amy", "Brian", True),
        ("Press 1", "Press 2", False),
        ('"NextAction": "hang-up"', '"NextAction": "store-declined"', False),
    ],
    ids=["the same", "another voice", "other words", "another way"],
)
def test_a_flow_is_compared_with_the_one_of_this_version(
    stub: Stub, old: str, new: str, is_ours: bool
) -> None:
    content = calls.OURS.read_text().replace(old, new) if old else calls.OURS.read_text()
    assert (content != calls.OURS.read_text()) is bool(old)
    stub("connect", "describe_contact_flow", {"ContactFlow": {"Name": "Alerts", "Content": content}})

    result = only(check("Contact flow"))

    assert result.verdict is OK
    assert ("is the one of this version" in result.sentence) is is_ours


@pytest.mark.parametrize(("number", "verdict"), [("number-1", OK), (None, WRONG)])
def test_a_queue_needs_a_number_to_call_from(
    stub: Stub, settings: Settings, number: str | None, verdict: Verdict
) -> None:
    settings.CONNECT_QUEUE_ID = "33333333-3333-3333-3333-333333333333"
    config = {"OutboundCallerIdNumberId": number} if number else {}
    stub("connect", "describe_queue", {"Queue": {"Name": "Alerts", "OutboundCallerConfig": config}})

    assert only(check("Caller's number")).verdict is verdict


@pytest.mark.parametrize(
    ("missing", "subject"),
    [("CONNECT_INSTANCE_ID", "Connect instance"), ("CONNECT_CONTACT_FLOW_ID", "Contact flow")],
)
def test_a_missing_setting_is_wrong(settings: Settings, missing: str, subject: str) -> None:
    setattr(settings, missing, "")

    result = only(check(subject))

    assert (result.verdict, result.sentence) == (
        WRONG,
        f"{missing} is not set, so no call can be placed.",
    )


def test_without_an_instance_the_rest_of_it_is_not_asked_about(settings: Settings) -> None:
    settings.CONNECT_INSTANCE_ID = ""

    assert [list(each.results()) for each in calls.CHECKS[1:3]] == [[], []]


@pytest.mark.parametrize(
    ("quotas", "verdict"),
    [
        ([{"QuotaName": "Rate of StartOutboundVoiceContact API requests", "Value": 2.0}], OK),
        ([{"QuotaName": "Rate of StartOutboundVoiceContact API requests", "Value": 1.0}], WARNING),
        ([{"QuotaName": "Phone numbers per instance", "Value": 5.0}], WARNING),
        ([], WARNING),
    ],
)
def test_a_quota_below_our_rate_is_warned_of(
    stub: Stub, quotas: list[dict[str, Any]], verdict: Verdict
) -> None:
    stub("service-quotas", "list_service_quotas", {"Quotas": quotas})

    assert only(check("Calls per second")).verdict is verdict


def test_an_account_in_the_sandbox_is_wrong(stub: Stub) -> None:
    stub("sns", "get_sms_sandbox_account_status", {"IsInSandbox": True})

    result = only(check("SMS sandbox"))

    assert result.verdict is WRONG
    assert "Ask AWS" in result.advice


@pytest.mark.parametrize(
    ("limit", "spent", "verdict"),
    [("100", [1.5, 79.9], OK), ("100", [80.0], WARNING), ("100", [100.0, 3.0], WRONG), ("", [0.9], WARNING)],
)
def test_the_months_money_is_compared_with_its_limit(
    stub: Stub, limit: str, spent: list[float], verdict: Verdict
) -> None:
    stub("sns", "get_sms_attributes", {"attributes": {"MonthlySpendLimit": limit} if limit else {}})
    points = [{"Maximum": each, "Unit": "None"} for each in spent]
    stub("cloudwatch", "get_metric_statistics", {"Datapoints": points})

    assert only(check("SMS spend")).verdict is verdict


def test_active_clinicians_who_have_opted_out_are_named_by_their_ids(stub: Stub) -> None:
    make_clinician("C-7", {}, sms_number="+447700900007")
    Clinician.objects.filter(pk=make_clinician("C-8", {}, sms_number="+447700900008").pk).update(active=False)
    make_clinician("C-9", {}, sms_number="+447700900009")
    stub("sns", "list_phone_numbers_opted_out", {"phoneNumbers": ["+447700900007"], "nextToken": "more"})
    stub("sns", "list_phone_numbers_opted_out", {"phoneNumbers": ["+447700900008", "+447700900099"]})

    result = only(check("Opted-out numbers"))

    assert result.verdict is WARNING
    assert result.sentence.startswith("No SMS reaches C-7: ")


def test_spending_is_asked_for_since_the_month_began(stub: Stub) -> None:
    """An account that has sent nothing for days has no newer figure."""
    stub("sns", "get_sms_attributes", {"attributes": {"MonthlySpendLimit": "100"}})
    asked: list[Any] = []
    events = stub("cloudwatch", "get_metric_statistics", {"Datapoints": []}).client.meta.events
    events.register(
        "provide-client-params.cloudwatch.GetMetricStatistics", lambda params, **_: asked.append(params)
    )

    only(check("SMS spend"))

    [params] = asked
    assert (params["StartTime"].day, params["StartTime"].hour, params["Period"]) == (1, 0, 86_400)


def test_nobody_has_opted_out(stub: Stub) -> None:
    stub("sns", "list_phone_numbers_opted_out", {"phoneNumbers": ["+447700900099"]})

    assert only(messages.CHECKS[2]).verdict is OK


def test_replies_that_nobody_reads_are_warned_of(aws: Aws, settings: Settings) -> None:
    assert only(check("Replies by SMS")).sentence.startswith("SMS_REPLY_QUEUE_URL is not set")
    sqs = client("sqs")
    settings.SMS_REPLY_QUEUE_URL = sqs.create_queue(QueueName="unread")[
        "QueueUrl"
    ]  # of its own: no relay reads it
    half = only(check("Replies by SMS"))
    assert (half.verdict, half.advice) == (WARNING, "Set both, or neither, and restart Bleep.")
    settings.SMS_ORIGINATION_NUMBER = "+447700900800"
    assert only(check("Replies by SMS")).verdict is OK

    for number in range(messages.MANY_REPLIES):
        sqs.send_message(QueueUrl=settings.SMS_REPLY_QUEUE_URL, MessageBody=str(number))

    found = only(check("Replies by SMS"))
    assert (found.verdict, found.sentence) == (
        WARNING,
        "About 20 wait in the queue of replies to +447700900800.",
    )
    sqs.delete_queue(QueueUrl=settings.SMS_REPLY_QUEUE_URL)
