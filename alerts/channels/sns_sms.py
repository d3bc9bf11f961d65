"""SMS through Amazon SNS."""

from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, SendResult
from alerts.channels.memory import remembered
from alerts.sms_parts import MOST_BYTES
from alerts.states import Reason

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

OPT_OUT_KNOWN_FOR = 900
"""Seconds to keep an answer about a number."""

log = structlog.get_logger(__name__)


def send(message: Message) -> SendResult:
    """Publish to a telephone number. SNS has no idempotency here: after a lost answer a repeat can arrive twice.

    SNS takes a message to a number that has opted out, and drops it. So High looks the number up first, and can use
    the next channel.
    """
    if message.urgent and _has_opted_out(message.address):
        raise ChannelError(Fault.REJECTED, Reason.OPTED_OUT, "OptedOut")
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("sns")
    try:
        with aws.translated():
            answer = client.publish(
                PhoneNumber=message.address, Message=message.sms, MessageAttributes=_attributes()
            )
    except ChannelError as error:
        # SNS calls both a wrong number and too long a text an invalid parameter.
        if error.reason is Reason.INVALID_ADDRESS and len(message.sms.encode()) > MOST_BYTES:
            raise ChannelError(error.fault, Reason.TOO_LONG, error.code) from error
        raise
    return SendResult(answer["MessageId"])


def check_address(recipient: str, address: str) -> Reason | None:
    """Ask SNS whether the number has opted out. Raises ChannelError where SNS does not answer."""
    return Reason.OPTED_OUT if _ask_opt_out(address) else None


def _has_opted_out(number: str) -> bool:
    known: bool | None = remembered.get(_key(number))
    if known is not None:
        return known
    try:
        return _ask_opt_out(number)
    except ChannelError as error:
        # The look-up is optional: its failure must not hold back an urgent message.
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
    # SNS defaults to Promotional, which carriers may delay or drop.
    wanted = {"AWS.SNS.SMS.SMSType": ("String", "Transactional")}
    if settings.SMS_SENDER_ID:
        wanted["AWS.SNS.SMS.SenderID"] = ("String", settings.SMS_SENDER_ID)
    if settings.SMS_MAX_PRICE:
        wanted["AWS.SNS.SMS.MaxPrice"] = ("Number", settings.SMS_MAX_PRICE)
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in wanted.items()}


def _budget() -> Budget:
    # One a second would leave nothing to keep for High; two in two seconds do.
    seconds = 2 if settings.SMS_PER_SECOND == 1 else 1
    return Budget(settings.SMS_PER_SECOND * seconds, seconds)


ADAPTER = Adapter(
    send=send,
    budget=_budget,
    check_address=check_address,
    address_is_good="This number has not opted out of SMS.",
)
