"""SMS through Amazon SNS."""

from typing import TYPE_CHECKING

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import Message, Receipt

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


def send(message: Message) -> Receipt:
    """Publish to a telephone number. There is no idempotency here: after a lost answer a repeat can arrive twice."""
    client = aws.client("sns")
    with aws.translated():
        answer = client.publish(
            PhoneNumber=message.address, Message=message.text, MessageAttributes=_attributes()
        )
    return Receipt(answer["MessageId"])


def _attributes() -> "dict[str, MessageAttributeValueTypeDef]":
    # SNS's default type is Promotional, which carriers may delay or drop.
    wanted = {"AWS.SNS.SMS.SMSType": ("String", "Transactional")}
    if settings.SMS_SENDER_ID:
        wanted["AWS.SNS.SMS.SenderID"] = ("String", settings.SMS_SENDER_ID)
    if settings.SMS_MAX_PRICE:
        wanted["AWS.SNS.SMS.MaxPrice"] = ("Number", settings.SMS_MAX_PRICE)
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in wanted.items()}
