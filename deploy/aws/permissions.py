"""The requests to AWS that Bleep makes, and what each may reach: the policy that its credentials need.

Plain data, so that a test of Bleep can hold it against what Bleep calls.
"""

from typing import NamedTuple


class Permission(NamedTuple):
    """One thing that Bleep does. `resources` are patterns with `{partition}`, `{account}` and so on.

    Where `all_but` is set, `resources` are what it must not reach. With `via`, only that service may ask, for Bleep.
    """

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    all_but: bool = False
    via: str = ""


TOPICS = "arn:{partition}:sns:{region}:{account}:{prefix}-clinician-*"
ANY = ("*",)

PERMISSIONS = (
    Permission(
        "PlaceCalls",
        "Calls clinicians, from this instance alone.",
        ("connect:StartOutboundVoiceContact",),
        ("{instance}", "{instance}/contact/*"),
    ),
    Permission(
        "AskWhatBecameOfCalls",
        "Asks whether a call was picked up.",
        ("connect:DescribeContact",),
        ("{instance}", "{instance}/contact/*"),
    ),
    Permission(
        "SendSms",
        "Publishes to telephone numbers, which have no ARN: so to all but topics.",
        ("sns:Publish",),
        ("arn:{partition}:sns:*:*:*",),
        all_but=True,
    ),
    Permission(
        "SmsThroughSns",
        "SNS asks End User Messaging in the name of whoever asked SNS; AWS's policy AmazonSNSFullAccess has the same.",
        (
            "sms-voice:SendTextMessage",
            "sms-voice:DescribeOptedOutNumbers",
            "sms-voice:DescribeAccountAttributes",
            "sms-voice:DescribeSpendLimits",
        ),
        ANY,
        via="sns.amazonaws.com",
    ),
    Permission(
        "AskWhoOptedOut",
        "SNS takes an SMS to a number that has opted out, and drops it. SNS offers no resource to name here.",
        ("sns:CheckIfPhoneNumberIsOptedOut",),
        ANY,
    ),
    Permission(
        "SendEmails",
        "Publishes to the topic of a clinician's address.",
        ("sns:Publish",),
        (TOPICS,),
    ),
    Permission(
        "KeepOneTopicForEachAddress",
        "Makes the topic, subscribes the address, and sees who is subscribed.",
        ("sns:CreateTopic", "sns:Subscribe", "sns:ListSubscriptionsByTopic"),
        (TOPICS,),
    ),
    Permission(
        "AskWhetherAnAddressIsConfirmed",
        "SNS takes an e-mail that nobody has confirmed, and drops it. A subscription is no resource.",
        ("sns:GetSubscriptionAttributes",),
        ANY,
    ),
    Permission(
        "FindWhereTopicsAre",
        "Learns Region and account from the ARN of any topic, without making one.",
        ("sns:ListTopics",),
        ANY,
    ),
    Permission(
        "LookAtTheInstance",
        "`aws_check`: is the instance there, is the flow published and this version's, does the queue have a number.",
        ("connect:DescribeInstance", "connect:DescribeContactFlow", "connect:DescribeQueue"),
        ("{instance}", "{instance}/contact-flow/*", "{instance}/queue/*"),
    ),
    Permission(
        "LookForTheNumber",
        "`aws_check`: is the number that calls come from the instance's.",
        ("connect:ListPhoneNumbersV2",),
        ANY,
    ),
    Permission(
        "LookAtQuotas",
        "`aws_check`: how many calls a second are granted. Quotas are the account's.",
        ("servicequotas:ListServiceQuotas",),
        ANY,
    ),
    Permission(
        "LookAtSms",
        "`aws_check`: sandbox, limit of spend, clinicians who have opted out. All of them are the account's.",
        ("sns:GetSMSSandboxAccountStatus", "sns:GetSMSAttributes", "sns:ListPhoneNumbersOptedOut"),
        ANY,
    ),
    Permission(
        "LookAtSpend",
        "`aws_check`: what SMS have cost this month. CloudWatch has no resource to name here.",
        ("cloudwatch:GetMetricStatistics",),
        ANY,
    ),
)
