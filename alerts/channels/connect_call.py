"""Telephone calls through Amazon Connect: the contact flow speaks the message."""

from typing import Any

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import ChannelError, Fault, Message, Receipt
from alerts.states import Reason


def send(message: Message) -> Receipt:
    """Start an outbound call. The receipt says that Connect has taken it, not that anybody answered.

    `ClientToken` is the delivery's id: within seven days AWS answers a repeat with the contact already started, so a
    retry after a lost answer cannot dial twice. Without it botocore makes a fresh one for every call.
    (Connect API reference, StartOutboundVoiceContact.)
    """
    if not (settings.CONNECT_INSTANCE_ID and settings.CONNECT_CONTACT_FLOW_ID):
        raise ChannelError(Fault.REJECTED, Reason.MISCONFIGURED, "ConnectNotConfigured")
    client = aws.client("connect")
    with aws.translated():
        answer = client.start_outbound_voice_contact(
            InstanceId=settings.CONNECT_INSTANCE_ID,
            ContactFlowId=settings.CONNECT_CONTACT_FLOW_ID,
            DestinationPhoneNumber=message.address,
            ClientToken=message.delivery_id,
            # The published sample's flow speaks these two; the second as digits.
            Attributes={"Message": message.spoken, "Message2": message.spoken_digits},
            RingTimeoutInSeconds=settings.CONNECT_RING_SECONDS,
            **_caller(),
        )
    return Receipt(answer["ContactId"])


def _caller() -> dict[str, Any]:
    """A queue's caller number, or our own: Connect requires one of the two."""
    if settings.CONNECT_QUEUE_ID:
        return {"QueueId": settings.CONNECT_QUEUE_ID}
    return {"SourcePhoneNumber": settings.CONNECT_SOURCE_PHONE_NUMBER}
