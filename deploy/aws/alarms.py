"""What operators are told: quotas that hold calls or SMS back, and messages that nobody could read."""

from collections.abc import Sequence

from aws_cdk import (
    Aws,
    Duration,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as actions,
    aws_iam as iam,
    aws_kms as kms,
    aws_sns as sns,
    aws_sns_subscriptions as subscriptions,
    aws_sqs as sqs,
)
from constructs import Construct

CALLS = "VoiceCalls"
"""Connect's metric group of calls: https://docs.aws.amazon.com/connect/latest/adminguide/monitoring-cloudwatch.html"""


class Alarms(Construct):
    """A topic for the operators, and the alarms that go there."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        key: kms.IKey,
        instance_id: str,
        dead_letters: Sequence[sqs.Queue],
        email: str,
    ) -> None:
        super().__init__(scope, name)
        self._topic = sns.Topic(self, "Topic", display_name="Bleep", master_key=key, enforce_ssl=True)
        # CloudWatch may use the key for this topic, of this account.
        alarms = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        self._topic.grant_publish(alarms)
        if email:
            self._topic.add_subscription(subscriptions.EmailSubscription(email))
        for metric, why in (
            ("ThrottledCalls", "Connect refused calls: more per second than the quota."),
            ("CallsBreachingConcurrencyQuota", "Connect refused calls: more at once than the quota."),
            ("MisconfiguredPhoneNumbers", "Calls failed because no flow belongs to a number."),
            ("ContactFlowFatalErrors", "A call ended because the flow could not run."),
        ):
            self._alarm(metric, self._of_connect(metric, instance_id), why)
        for queue in dead_letters:
            self._alarm(
                f"{queue.node.id}Messages",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5)),
                "Nobody could read an answer.",
            )

    def _of_connect(self, metric: str, instance_id: str) -> cloudwatch.Metric:
        group = {"MetricGroup": "ContactFlow"} if metric.startswith("ContactFlow") else {"MetricGroup": CALLS}
        return cloudwatch.Metric(
            namespace="AWS/Connect",
            metric_name=metric,
            dimensions_map={"InstanceId": instance_id, **group},
            period=Duration.minutes(5),
            statistic="Sum",
        )

    def _alarm(self, name: str, metric: cloudwatch.IMetric, why: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=why,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
