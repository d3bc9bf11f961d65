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

OPTED_IN_KNOWN_FOR = 900
"""Seconds in which SNS is not asked again about a number that has not opted out."""

log = structlog.get_logger(__name__)


def send(message: Message) -> SendResult:
    """Publish to a telephone number. SNS has no idempotency here: after a lost answer a repeat can arrive twice.

    SNS takes a message to a number that has opted out, and drops it. That would be a false "sent", so the number is
    looked up first.
    """
    is_opted_in = _check_opted_in(message)
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("sns")
    try:
        with aws.translated():
            answer = client.publish(
                PhoneNumber=message.address, Message=message.sms, MessageAttributes=_attributes()
            )
    except ChannelError as error:
        # SNS does not always say that it is the length.
        if error.reason in (Reason.INVALID_TEXT, Reason.REFUSED) and len(message.sms.encode()) > MOST_BYTES:
            raise ChannelError(error.fault, Reason.TOO_LONG, error.code) from error
        raise
    return SendResult(answer["MessageId"], address_works=is_opted_in)


def check_address(recipient: str, address: str) -> Reason | None:
    """Ask SNS whether the number has opted out. Raises ChannelError where SNS does not answer."""
    return Reason.OPTED_OUT if _has_opted_out(address) else None


def _check_opted_in(message: Message) -> bool:
    """Whether SNS says that the number takes SMS; False if SNS gave no answer.

    Raises:
        ChannelError: the number has opted out; or it had, and SNS does not say whether it still has.
    """
    key = _key(message.address)
    if message.obstacle is None and remembered.get(key):
        return True
    try:
        opted_out = _has_opted_out(message.address)
    except ChannelError as error:
        if message.obstacle is Reason.OPTED_OUT:
            raise _not_sent(error) from None
        # The look-up is optional: its failure must not hold back a message.
        log.warning("sms.opt_out_unknown", reason=error.reason.value, code=error.code)
        return False
    if opted_out:
        remembered.delete(key)
        raise ChannelError(Fault.REJECTED, Reason.OPTED_OUT, "OptedOut")
    remembered.set(key, value=True, timeout=OPTED_IN_KNOWN_FOR)
    return True


def _not_sent(error: ChannelError) -> ChannelError:
    """A look-up carries no message: without its answer nothing was sent."""
    if error.fault is Fault.UNKNOWN:
        return ChannelError(Fault.UNSENT, Reason.UNREACHABLE, error.code)
    return error


def _has_opted_out(number: str) -> bool:
    client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)
    with aws.translated():
        return client.check_if_phone_number_is_opted_out(phoneNumber=number)["isOptedOut"]


def _key(number: str) -> str:
    return f"opted-in:{number}"


def _attributes() -> "dict[str, MessageAttributeValueTypeDef]":
    # SNS defaults to Promotional, which carriers may delay or drop.
    wanted = {"AWS.SNS.SMS.SMSType": ("String", "Transactional")}
    if settings.SMS_ORIGINATION_NUMBER:  # a sender ID cannot receive replies
        wanted["AWS.MM.SMS.OriginationNumber"] = ("String", settings.SMS_ORIGINATION_NUMBER)
    elif settings.SMS_SENDER_ID:
        wanted["AWS.SNS.SMS.SenderID"] = ("String", settings.SMS_SENDER_ID)
    if settings.SMS_MAX_PRICE:
        wanted["AWS.SNS.SMS.MaxPrice"] = ("Number", settings.SMS_MAX_PRICE)
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in wanted.items()}


def _budget() -> Budget:
    # A budget of one a second would leave nothing to keep for High; two in two seconds do.
    seconds = 2 if settings.SMS_PER_SECOND == 1 else 1
    return Budget(settings.SMS_PER_SECOND * seconds, seconds)


ADAPTER = Adapter(
    send=send,
    budget=_budget,
    check_address=check_address,
    address_is_good="This number has not opted out of SMS.",
)
