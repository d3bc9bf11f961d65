"""Alarms for operators about Bleep itself. They go to the topic of BleepMessaging."""

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import (
    Duration,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as actions,
    aws_elasticloadbalancingv2 as elb,
    aws_logs as logs_,
    aws_sns as sns,
)
from constructs import Construct

from deploy.aws.platform.data import Data
from deploy.aws.platform.logs import Logs
from deploy.aws.platform.web import Web

NAMESPACE = "Bleep"
MINUTE = Duration.minutes(1)
GIGABYTE = 1024**3


class FromLog(NamedTuple):
    """An alarm about lines of Bleep's log: docs/monitoring.md has each event."""

    name: str
    pattern: str
    why: str
    minutes: int = 1
    of: int = 1
    """In how many of the last minutes, and of how many."""


HEARTBEAT = "checks.passed"
FROM_LOG: Sequence[FromLog] = (
    FromLog(
        "AlertsFailed", '{ $.event = "alert.failed" }', "Somebody was not reached: see *Failed* in the admin."
    ),
    FromLog(
        "QueueAge",
        '{ $.event = "check.failed" && $.finding = "oldest_due_seconds_*" }',
        "Deliveries wait longer than they may: check relays, workers, queue and provider.",
    ),
    FromLog(
        "ChecksFailed",
        '{ $.event = "check.failed" }',
        "A health check fails: the log names the finding.",
        minutes=2,
        of=3,
    ),
    FromLog(
        "ProcessesFailed",
        '{ $.level = "critical" || $.event = "thread.failed" }',
        "A process or a thread ended with an error.",
    ),
)


class Alarms(Construct):
    """Alarms about lines of the log, about answers, and about the database."""

    def __init__(
        self, scope: Construct, name: str, *, logs: Logs, web: Web, data: Data, topic_name: str
    ) -> None:
        super().__init__(scope, name)
        topic = sns.Topic.from_topic_arn(
            self,
            "Operators",
            Stack.of(self).format_arn(service="sns", resource=topic_name),
        )
        self._tell = actions.SnsAction(topic)
        for wanted in FROM_LOG:
            metric = self._lines(logs, wanted.name, wanted.pattern)
            self._alarm(wanted.name, metric, wanted.why, minutes=wanted.minutes, of=wanted.of)
        self._dead_man(logs)
        self._answers(web)
        self._alarm(
            "DiskNearlyFull",
            data.database.metric_free_storage_space(period=Duration.minutes(5), statistic="Minimum"),
            "PostgreSQL has less than 5 GB left: a full disk stores no alert.",
            threshold=5 * GIGABYTE,
            below=True,
        )

    def _dead_man(self, logs: Logs) -> None:
        """An alarm for silence: each relay logs every 15 seconds that all is well."""
        self._alarm(
            "DeadMan",
            self._lines(logs, "Heartbeat", f'{{ $.event = "{HEARTBEAT}" }}'),
            "For three minutes no relay has said that all checks pass: nobody may be watching.",
            minutes=3,
            of=3,
            below=True,
            silence_is_wrong=True,
        )

    def _answers(self, web: Web) -> None:
        codes = elb.HttpCodeElb.ELB_5XX_COUNT
        self._alarm(
            "BalancerErrors",
            web.balancer.metrics.http_code_elb(codes, period=MINUTE, statistic="Sum"),
            "Senders got a 5xx from the load balancer: no door answered.",
        )
        self._alarm(
            "ServerErrors",
            web.doors.metrics.http_code_target(
                elb.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE, statistic="Sum"
            ),
            "Senders or staff got a 5xx from Bleep.",
            threshold=5,
        )
        self._alarm(
            "DoorsMissing",
            web.doors.metrics.healthy_host_count(period=MINUTE, statistic="Minimum"),
            "In a zone, or in both, no door answers.",
            minutes=3,
            of=3,
            below=True,
            silence_is_wrong=True,
        )

    def _lines(self, logs: Logs, name: str, pattern: str) -> cloudwatch.Metric:
        """How many lines of the log match, each minute."""
        logs_.MetricFilter(
            self,
            f"{name}Lines",
            log_group=logs.parts,
            filter_pattern=logs_.FilterPattern.literal(pattern),
            metric_namespace=NAMESPACE,
            metric_name=name,
            metric_value="1",
        )
        return cloudwatch.Metric(namespace=NAMESPACE, metric_name=name, period=MINUTE, statistic="Sum")

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        why: str,
        *,
        threshold: float = 1,
        minutes: int = 1,
        of: int = 1,
        below: bool = False,
        silence_is_wrong: bool = False,
    ) -> None:
        compare, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=why,
            threshold=threshold,
            datapoints_to_alarm=minutes,
            evaluation_periods=of,
            comparison_operator=(
                compare.LESS_THAN_THRESHOLD if below else compare.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if silence_is_wrong else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)
