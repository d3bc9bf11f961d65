"""One stand-in for the whole session, on a free loopback port, and stock boto3 clients for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.config import Config

from sandbox.aws.server import AwsServer

if TYPE_CHECKING:
    from mypy_boto3_connect import ConnectClient
    from mypy_boto3_sns import SNSClient

CLINICIAN = "+447700900123"
COLLEAGUE = "+447700900456"
SWITCHBOARD = "+447000000000"
INBOX = "clinician@example.org"
INSTANCE = "11111111-2222-3333-4444-555555555555"


class AwsClients:
    """boto3 clients and requests for a running stand-in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sns: SNSClient = boto3.client("sns", **self.settings())
        self.connect: ConnectClient = boto3.client("connect", **self.settings())

    def settings(self, *, read_timeout: float = 10) -> dict[str, Any]:
        """Arguments for boto3.client. Without retries, which would hide faults."""
        config = Config(connect_timeout=3, read_timeout=read_timeout, retries={"total_max_attempts": 1})
        return {
            "endpoint_url": self.url,
            "region_name": "eu-west-2",
            "aws_access_key_id": "nobody",
            "aws_secret_access_key": "nothing",
            "config": config,
        }

    def get(self, path: str, **params: str) -> requests.Response:
        return requests.get(self.url + path, params=params, timeout=10)

    def post(self, path: str, body: object) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=10)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(self.url + path, timeout=10)

    def messages(self, **params: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.get("/messages", **params).json()
        return listed

    def texts(self) -> list[str]:
        """The received texts, oldest first."""
        return [message["text"] for message in reversed(self.messages())]

    def misbehave(self, operation: str, kind: str, **more: object) -> dict[str, Any]:
        response = self.post("/faults", {"operation": operation, "kind": kind, **more})
        assert response.status_code == 201, response.text
        fault: dict[str, Any] = response.json()
        return fault

    def ring(self, to: str = CLINICIAN, **more: Any) -> str:
        """Place a call as Bleep does. Returns the contact's id."""
        asked = {
            "DestinationPhoneNumber": to,
            "ContactFlowId": "flow",
            "InstanceId": INSTANCE,
            "SourcePhoneNumber": SWITCHBOARD,
            "Attributes": {"Message": "Blood results are ready for patient", "Message2": "123456789"},
        }
        return self.connect.start_outbound_voice_contact(**asked | more)["ContactId"]

    def topic_with(self, *inboxes: str, name: str) -> str:
        """Make a topic with e-mail subscriptions. Returns its ARN."""
        arn = self.sns.create_topic(Name=name)["TopicArn"]
        for inbox in inboxes:
            self.sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=inbox)
        return arn


@pytest.fixture(scope="session")
def running() -> Iterator[AwsClients]:
    with AwsServer() as server:
        yield AwsClients(server.url)


@pytest.fixture
def aws(running: AwsClients) -> AwsClients:
    """The stand-in, without messages and faults."""
    running.delete("/messages")
    running.delete("/faults")
    return running


@pytest.fixture
def topic(aws: AwsClients, request: pytest.FixtureRequest) -> Iterator[str]:
    """A topic with one confirmed inbox."""
    arn = aws.topic_with(INBOX, name=request.node.name.partition("[")[0])
    yield arn
    aws.sns.delete_topic(TopicArn=arn)
