"""Alarms for operators: quotas that hold calls or SMS back, and messages that nobody could read."""

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


class Alarms(Construct):
    """A topic for the operators, and the alarms that go there.

    Connect's metrics: https://docs.aws.amazon.com/connect/latest/adminguide/monitoring-cloudwatch.html
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        key: kms.IKey,
        instance_id: str,
        flow_name: str,
        dead_letters: Sequence[sqs.Queue],
        topic_name: str,
        email: str,
    ) -> None:
        super().__init__(scope, name)
        self._topic = sns.Topic(
            self, "Topic", topic_name=topic_name, display_name="Bleep", master_key=key, enforce_ssl=True
        )
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
        ):
            self._alarm(metric, _of_connect(metric, InstanceId=instance_id, MetricGroup="VoiceCalls"), why)
        of_flow = {"InstanceId": instance_id, "MetricGroup": "ContactFlow", "ContactFlowName": flow_name}
        for metric, why in (
            ("ContactFlowErrors", "A block of the flow took its error branch: perhaps the voice is wrong."),
            ("ContactFlowFatalErrors", "A call ended because the flow could not run."),
        ):
            self._alarm(metric, _of_connect(metric, **of_flow), why)
        for queue in dead_letters:
            self._alarm(
                f"{queue.node.id}Messages",
                queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5)),
                "Nobody could read an answer.",
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


def _of_connect(name: str, **dimensions: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Connect",
        metric_name=name,
        dimensions_map=dimensions,
        period=Duration.minutes(5),
        statistic="Sum",
    )
