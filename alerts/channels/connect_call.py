"""Telephone calls through Amazon Connect. The contact flow speaks the message."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, Outcome, SendResult
from alerts.states import Reason, ResponseKind

if TYPE_CHECKING:
    from mypy_boto3_connect.type_defs import ContactTypeDef

BURST_SECONDS = 2
"""Seconds over which calls are counted, so that a burst is allowed: Connect takes 5 at once."""
BUSY = frozenset({"TELECOM_BUSY"})
NOT_ANSWERED = frozenset({"TELECOM_TIMEOUT", "TELECOM_ORIGINATOR_CANCEL", "TELECOM_REJECTED", "EXPIRED"})
"""https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html, DisconnectReason, voice."""
KEYS = {"1": ResponseKind.ACCEPT, "2": ResponseKind.DECLINE}
"""The values of the attribute `Response`, which the contact flow writes."""


def send(message: Message) -> SendResult:
    """Start an outbound call. Connect taking it does not mean that anybody answers.

    `ClientToken` is the delivery's id. For seven days AWS answers a repeat with the contact already started, so a
    retry after a lost answer cannot dial twice. Without it botocore makes a new token for every call.
    (Connect API reference, StartOutboundVoiceContact.)
    """
    caller = _caller()
    if not (settings.CONNECT_INSTANCE_ID and settings.CONNECT_CONTACT_FLOW_ID and caller):
        raise ChannelError(Fault.REJECTED, Reason.MISCONFIGURED, "ConnectNotConfigured")
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("connect")
    with aws.translated():
        answer = client.start_outbound_voice_contact(
            InstanceId=settings.CONNECT_INSTANCE_ID,
            ContactFlowId=settings.CONNECT_CONTACT_FLOW_ID,
            DestinationPhoneNumber=message.address,
            ClientToken=message.delivery_id,
            # The published sample's flow speaks these two, the second as digits.
            Attributes={
                "Message": message.spoken,
                "Message2": message.spoken_digits,
                **({"Answer": "wanted"} if message.wants_answer else {}),
            },
            RingTimeoutInSeconds=settings.CONNECT_RING_SECONDS,
            **caller,
        )
    return SendResult(answer["ContactId"], address_works=True)


def ask(provider_id: str) -> Outcome:
    """Whether the call was picked up, or has ended without that. Voicemail picks up too: only a key press proves a
    person.

    EventBridge delivers contact events on best effort, so this asks for the contact itself. The pressed key is in an
    attribute of the contact, which the flow writes before it says that it has recorded the answer.
    """
    client = aws.client("connect", read_seconds=aws.LOOK_UP_SECONDS)
    with aws.translated():
        answer = client.describe_contact(InstanceId=settings.CONNECT_INSTANCE_ID, ContactId=provider_id)
    contact = answer["Contact"]
    ended = "DisconnectTimestamp" in contact
    if contact.get("ConnectedToSystemTimestamp"):
        key = _attributes(contact, provider_id, ended=ended).get("Response", "")
        return Outcome(
            delivered=True,
            answer=KEYS.get(key),
            answered_at=contact.get("LastUpdateTimestamp") if key in KEYS else None,
            ended=ended,
        )
    if ended:
        return Outcome(undelivered=_why_not(contact.get("DisconnectReason", "")), ended=True)
    return Outcome()


def _attributes(contact: "ContactTypeDef", provider_id: str, *, ended: bool) -> Mapping[str, str]:
    """The contact's attributes. After a call without a key they are read once more, in a request of their own: nobody
    asks later, and AWS does not promise that the record has them as soon as it has the end of the call.
    """
    found = contact.get("Attributes")
    is_enough = found is not None and ("Response" in found or found.get("Answer") != "wanted")
    if is_enough or not ended:
        return found or {}
    client = aws.client("connect", read_seconds=aws.LOOK_UP_SECONDS)
    with aws.translated():
        answer = client.get_contact_attributes(
            InstanceId=settings.CONNECT_INSTANCE_ID, InitialContactId=provider_id
        )
    return answer["Attributes"]


def _why_not(disconnect_reason: str) -> Reason:
    if disconnect_reason in BUSY:
        return Reason.BUSY
    return Reason.NOT_ANSWERED if disconnect_reason in NOT_ANSWERED else Reason.CALL_FAILED


def _caller() -> dict[str, Any]:
    """The queue's caller number, or our own. Connect requires one; empty where neither is set."""
    if settings.CONNECT_QUEUE_ID:
        return {"QueueId": settings.CONNECT_QUEUE_ID}
    if settings.CONNECT_SOURCE_PHONE_NUMBER:
        return {"SourcePhoneNumber": settings.CONNECT_SOURCE_PHONE_NUMBER}
    return {}


def _budget() -> Budget:
    return Budget(settings.CONNECT_CALLS_PER_SECOND * BURST_SECONDS, BURST_SECONDS)


ADAPTER = Adapter(send=send, budget=_budget, recognises_repeats=True, ask=ask)
