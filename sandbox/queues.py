"""The queues at the stand-in for AWS, for replies to SMS and for events of calls, and the number that people reply
to.
"""

ORIGINATION_NUMBER = "+447700900800"
"""For SMS_ORIGINATION_NUMBER, from Ofcom's range for fiction."""

REGION = "eu-west-2"
ACCOUNT = "123456789012"
REPLY_QUEUE = "sms-replies"
EVENT_QUEUE = "call-events"


def reply_queue_url(endpoint_url: str) -> str:
    """The URL of the queue for replies, for SMS_REPLY_QUEUE_URL, if this is the stand-in's AWS_ENDPOINT_URL."""
    return f"{endpoint_url}/{ACCOUNT}/{REPLY_QUEUE}"


def event_queue_url(endpoint_url: str) -> str:
    """The URL of the queue for events of calls, for CONNECT_EVENT_QUEUE_URL."""
    return f"{endpoint_url}/{ACCOUNT}/{EVENT_QUEUE}"
