"""AWS's stand-in, as tests use it."""

from typing import Any

import boto3
import requests

from alerts.channels import sns_subscription
from alerts.channels.base import recipient
from contacts.models import Clinician
from tests.factories import confirm


class Aws:
    """What arrived at AWS's stand-in, and how to let it misbehave."""

    def __init__(self, url: str) -> None:
        self.url = url

    def messages(self) -> list[dict[str, Any]]:
        """What arrived on handsets and in inboxes, newest first."""
        found: list[dict[str, Any]] = requests.get(f"{self.url}/messages", timeout=5).json()
        return found

    def subscribe(self, clinician: Clinician) -> None:
        """Have the clinician's e-mail address confirmed here, too: `confirm` writes it into the table only."""
        topic = sns_subscription.make_topic(recipient(clinician.pk), clinician.email)
        confirm(clinician, arn=sns_subscription.subscribe(topic, clinician.email))

    def unsubscribe(self, clinician: Clinician) -> None:
        """The clinician follows the link at the end of an e-mail. Bleep is not told."""
        subscription = clinician.email_subscriptions.get(address=clinician.email.lower())
        boto3.client("sns").unsubscribe(SubscriptionArn=subscription.subscription_arn)

    def token(self, address: str) -> str:
        """The token in the link of the latest e-mail that asks this address to confirm."""
        found = requests.get(f"{self.url}/subscriptions?pending=true", timeout=5).json()
        return str([each["token"] for each in found if each["endpoint"] == address][-1])

    def misbehave(self, operation: str, kind: str, **more: Any) -> None:
        """Make calls of an operation (`sns:Publish`) go wrong; see `sandbox.aws.faults` for the kinds."""
        answer = requests.post(
            f"{self.url}/faults", json={"operation": operation, "kind": kind, **more}, timeout=5
        )
        assert answer.ok, answer.text

    def clear(self) -> None:
        """No messages, no faults."""
        for path in ("messages", "faults"):
            assert requests.delete(f"{self.url}/{path}", timeout=5).ok
