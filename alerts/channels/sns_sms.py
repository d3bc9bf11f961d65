"""SMS through Amazon SNS."""

from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import ChannelError, Fault, Message, SendResult
from alerts.channels.memory import remembered
from alerts.states import Reason

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

OPT_OUT_KNOWN_FOR = 900
"""Seconds for which an answer about a number's opt-out is kept."""

log = structlog.get_logger(__name__)


def send(message: Message) -> SendResult:
    """Publish to a telephone number. There is no idempotency here: after a lost answer a repeat can arrive twice.

    SNS accepts a message to a number that has opted out, and drops it: a High one is looked up first, so that the next
    channel can be taken.
    """
    if message.urgent and _has_opted_out(message.address):
        raise ChannelError(Fault.REJECTED, Reason.OPTED_OUT, "OptedOut")
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("sns")
    with aws.translated():
        answer = client.publish(
            PhoneNumber=message.address, Message=message.text, MessageAttributes=_attributes()
        )
    return SendResult(answer["MessageId"])


def obstacle(recipient: str, address: str) -> Reason | None:
    """Whether the number has opted out, as SNS says at this moment. Raises ChannelError where it does not say."""
    return Reason.OPTED_OUT if _ask_opt_out(address) else None


def _has_opted_out(number: str) -> bool:
    known: bool | None = remembered.get(_key(number))
    if known is not None:
        return known
    try:
        return _ask_opt_out(number)
    except ChannelError as error:
        # The look-up is a courtesy: that it failed is no reason to hold an urgent message back.
        log.warning("sms.opt_out_unknown", reason=error.reason.value, code=error.code)
        return False


def _ask_opt_out(number: str) -> bool:
    client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)
    with aws.translated():
        opted_out = client.check_if_phone_number_is_opted_out(phoneNumber=number)["isOptedOut"]
    remembered.set(_key(number), opted_out, OPT_OUT_KNOWN_FOR)
    return opted_out


def _key(number: str) -> str:
    return f"opted-out:{number}"


def _attributes() -> "dict[str, MessageAttributeValueTypeDef]":
    # SNS's default type is Promotional, which carriers may delay or drop.
    wanted = {"AWS.SNS.SMS.SMSType": ("String", "Transactional")}
    if settings.SMS_SENDER_ID:
        wanted["AWS.SNS.SMS.SenderID"] = ("String", settings.SMS_SENDER_ID)
    if settings.SMS_MAX_PRICE:
        wanted["AWS.SNS.SMS.MaxPrice"] = ("Number", settings.SMS_MAX_PRICE)
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in wanted.items()}
