"""The channels, by name. To add one: a module with `send`, a line here, a member of `Channel`, and its test."""

from alerts.channels import connect_call, sns_email, sns_sms
from alerts.channels.base import ChannelError, Fault, Message, Receipt, Send
from contacts.choices import Channel

CHANNELS: dict[Channel, Send] = {
    Channel.CALL: connect_call.send,
    Channel.SMS: sns_sms.send,
    Channel.EMAIL: sns_email.send,
}

__all__ = ["CHANNELS", "ChannelError", "Fault", "Message", "Receipt", "Send"]
