"""The channels, by name. To add one: a module with `send`, a line here, a member of `Channel`, and its test."""

from alerts.channels import connect_call, sns_email, sns_sms
from alerts.channels.base import Ask, ChannelError, Fault, Message, Obstacle, Outcome, Send, SendResult
from contacts.choices import Channel

CHANNELS: dict[Channel, Send] = {
    Channel.CALL: connect_call.send,
    Channel.SMS: sns_sms.send,
    Channel.EMAIL: sns_email.send,
}

OUTCOMES: dict[Channel, Ask] = {Channel.CALL: connect_call.ask}
"""The channels whose provider can be asked what became of a message. SNS cannot: its receipts go to CloudWatch."""

OBSTACLES: dict[Channel, Obstacle] = {
    Channel.SMS: sns_sms.obstacle,
    Channel.EMAIL: sns_email.obstacle,
}
"""The channels whose provider can be asked beforehand whether an address takes messages."""

RECOGNISES_REPEATS: frozenset[Channel] = frozenset({Channel.CALL})
"""The channels whose provider answers a repeat with what it has already begun, so that asking again is safe.

Connect does for seven days, by `ClientToken`, which is the delivery's id. SNS does not: a repeat arrives twice.
"""

__all__ = [
    "CHANNELS",
    "OBSTACLES",
    "OUTCOMES",
    "RECOGNISES_REPEATS",
    "Ask",
    "ChannelError",
    "Fault",
    "Message",
    "Obstacle",
    "Outcome",
    "Send",
    "SendResult",
]
