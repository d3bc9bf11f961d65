"""The channels, with one adapter each. CONTRIBUTING.md says how to add one."""

from alerts.channels import connect_call, sns_email, sns_sms
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, Outcome, SendResult
from contacts.choices import Channel

ADAPTERS: dict[Channel, Adapter] = {
    Channel.CALL: connect_call.ADAPTER,
    Channel.SMS: sns_sms.ADAPTER,
    Channel.EMAIL: sns_email.ADAPTER,
}

__all__ = ["ADAPTERS", "Adapter", "Budget", "ChannelError", "Fault", "Message", "Outcome", "SendResult"]
