"""Queues for what comes back from people: events of calls, and replies to SMS. With queues, no port of Bleep has to be
open.
"""

from collections.abc import Sequence

from aws_cdk import (
    Aws,
    Duration,
    RemovalPolicy,
    aws_events as events,
    aws_events_targets as targets,
    aws_iam as iam,
    aws_kms as kms,
    aws_sns as sns,
    aws_sns_subscriptions as subscriptions,
    aws_sqs as sqs,
)
from constructs import Construct

KEPT = Duration.days(14)
"""The longest that SQS keeps a message, so that nothing is lost while Bleep is away."""
TRIES = 10
READ_WITHIN = Duration.minutes(2)
"""How long a reader has for a message before another one gets it."""
TELLING = ("CONTACT_DATA_UPDATED", "DISCONNECTED")
"""Events after which there is something new to ask about a call."""
SMS_SERVICE = "sms-voice.amazonaws.com"
"""The service of AWS End User Messaging, which publishes replies."""


class Answers(Construct):
    """A queue for events of calls, and a topic with a queue for replies by SMS."""

    def __init__(self, scope: Construct, name: str, *, key: kms.IKey, instance_arn: str) -> None:
        super().__init__(scope, name)
        self._key = key
        self.calls, no_calls = self._queue("CallEvents")
        self.replies, no_replies = self._queue("Replies")
        self.dead_letters: Sequence[sqs.Queue] = (no_calls, no_replies)
        events.Rule(
            self,
            "CallEventsRule",
            description="Calls of Bleep's instance: a key was pressed, or it has ended",
            event_pattern=events.EventPattern(
                source=["aws.connect"],
                detail_type=["Amazon Connect Contact Event"],
                detail={"instanceArn": [instance_arn], "eventType": list(TELLING)},
            ),
            targets=[targets.SqsQueue(self.calls, dead_letter_queue=no_calls)],
        )
        self._replies_to(self.replies)

    def _replies_to(self, queue: sqs.Queue) -> None:
        topic = sns.Topic(
            self, "RepliesTopic", display_name="Replies by SMS", master_key=self._key, enforce_ssl=True
        )
        service = iam.ServicePrincipal(
            SMS_SERVICE, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        topic.grant_publish(service)
        # As it came, and not wrapped in JSON within JSON.
        topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))

    def _queue(self, name: str) -> tuple[sqs.Queue, sqs.Queue]:
        """An encrypted queue, and a dead-letter queue for messages that nobody could read."""
        dead = sqs.Queue(self, f"{name}Unread", **self._properties())  # type: ignore[arg-type]
        dead_letters = sqs.DeadLetterQueue(queue=dead, max_receive_count=TRIES)
        return sqs.Queue(self, name, dead_letter_queue=dead_letters, **self._properties()), dead  # type: ignore[arg-type]

    def _properties(self) -> dict[str, object]:
        return {
            "encryption_master_key": self._key,
            "enforce_ssl": True,
            "removal_policy": RemovalPolicy.DESTROY,
            "retention_period": KEPT,
            "visibility_timeout": READ_WITHIN,
        }
