"""The channels. To add one: a module with an `ADAPTER`, a line here, a member of `Channel`, and its tests."""

from alerts.channels import connect_call, sns_email, sns_sms
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, Outcome, SendResult
from contacts.choices import Channel

ADAPTERS: dict[Channel, Adapter] = {
    Channel.CALL: connect_call.ADAPTER,
    Channel.SMS: sns_sms.ADAPTER,
    Channel.EMAIL: sns_email.ADAPTER,
}

__all__ = ["ADAPTERS", "Adapter", "Budget", "ChannelError", "Fault", "Message", "Outcome", "SendResult"]
