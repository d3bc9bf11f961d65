"""The queues at the stand-in for AWS, of replies to SMS and of events of calls; and the number that people reply to."""

ORIGINATION_NUMBER = "+447700900800"
"""From Ofcom's range for fiction. For SMS_ORIGINATION_NUMBER."""

REGION = "eu-west-2"
ACCOUNT = "123456789012"
REPLY_QUEUE = "sms-replies"
EVENT_QUEUE = "call-events"


def reply_queue_url(endpoint_url: str) -> str:
    """The queue's URL, for SMS_REPLY_QUEUE_URL, where the stand-in has this AWS_ENDPOINT_URL."""
    return f"{endpoint_url}/{ACCOUNT}/{REPLY_QUEUE}"


def event_queue_url(endpoint_url: str) -> str:
    """The same for the events of calls, for CONNECT_EVENT_QUEUE_URL."""
    return f"{endpoint_url}/{ACCOUNT}/{EVENT_QUEUE}"
