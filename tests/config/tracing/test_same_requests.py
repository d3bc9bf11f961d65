"""What goes to AWS is the same with and without tracing."""

import json
from typing import Any

from tests.config.server import run

SCRIPT = """
import django, json
django.setup()
from botocore.awsrequest import AWSResponse
from config import tracing
from alerts.channels import aws
tracing.start()
sent = []

def instead_of_sending(request, **_):
    changing = ("Authorization", "X-Amz-Date", "amz-sdk-invocation-id")
    headers = {name: str(value) for name, value in request.headers.items() if name not in changing}
    sent.append([request.method, request.url, headers, str(request.body)])
    response = AWSResponse(request.url, 500, {}, None)
    response._content = b"<ErrorResponse/>"
    return response

def call(service, operation, **given):
    client = aws.client(service)
    client.meta.events.register("before-send", instead_of_sending, unique_id="test")
    try:
        getattr(client, operation)(**given)
    except Exception as error:
        sent.append(type(error).__name__)

sms = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
with tracing.span("deliver", parent="00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"):
    call("sns", "publish", PhoneNumber="+447700900001", Message="Hello", MessageAttributes=sms)
    call("sns", "publish", TopicArn="arn:aws:sns:eu-west-2:123456789012:bleep-1", Subject="Hello", Message="Hello")
    call("sns", "create_topic", Name="bleep-1")
    call("connect", "start_outbound_voice_contact", InstanceId="i", ContactFlowId="f", ClientToken="t",
         DestinationPhoneNumber="+447700900001", Attributes={"Message": "Hello"})
print(json.dumps([tracing.is_on(), sent]))
"""
AWS = {
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


def requests(**changes: str) -> tuple[bool, list[Any]]:
    result = run("-c", SCRIPT, **AWS, **changes)
    assert result.returncode == 0, result.stderr
    is_on, sent = json.loads(result.stdout)
    return is_on, sent


def test_no_request_to_aws_is_another_one() -> None:
    """Neither a header, nor an attribute of a message, nor another try."""
    off, without = requests()
    on, traced = requests(TRACES="otlp", OTEL_PROPAGATORS="tracecontext,baggage,xray")

    assert (off, on) == (False, True)
    assert len([each for each in without if isinstance(each, list)]) == 4
    assert traced == without
