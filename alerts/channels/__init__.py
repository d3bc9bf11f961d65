"""The channels, by name. To add one: a module with `send`, a line here, a member of `Channel`, and its test."""

from alerts.channels import connect_call, sns_email, sns_sms
from alerts.channels.base import Ask, ChannelError, Fault, Message, Outcome, Receipt, Send
from contacts.choices import Channel

CHANNELS: dict[Channel, Send] = {
    Channel.CALL: connect_call.send,
    Channel.SMS: sns_sms.send,
    Channel.EMAIL: sns_email.send,
}

RECEIPTS: dict[Channel, Ask] = {Channel.CALL: connect_call.ask}
"""The channels whose provider can be asked what became of a message. SNS cannot: its receipts go to CloudWatch."""

__all__ = ["CHANNELS", "RECEIPTS", "Ask", "ChannelError", "Fault", "Message", "Outcome", "Receipt", "Send"]
