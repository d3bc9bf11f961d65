"""E-mail through Amazon SNS. Each clinician has their own topic, with their address as its only subscriber.

`sns_subscription` makes topics and subscriptions; sending makes none.
"""

from alerts.channels import aws, sns_subscription
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, SendResult
from alerts.states import Reason
from contacts.choices import Answer

PER_SECOND = 8
"""The rate to one topic. Over 10 a second SNS suspends the subscription."""
NOT_SUBSCRIBED = "NotSubscribed"


def send(message: Message) -> SendResult:
    """Publish to the clinician's topic.

    SNS takes messages for a topic whose subscriber has not confirmed or has left, and delivers them to nobody. That
    would be a false "sent", so every send asks how the subscription stands.
    """
    if not message.subscription:
        raise ChannelError(Fault.REJECTED, Reason.UNCONFIRMED, NOT_SUBSCRIBED)
    try:
        seen = sns_subscription.look(message.subscription)
    except ChannelError as error:
        # Whatever became of the question, it carried no message.
        if error.fault is Fault.UNKNOWN:
            raise ChannelError(Fault.UNSENT, Reason.UNREACHABLE, error.code) from None
        raise
    if seen.answer is not Answer.CONFIRMED:
        raise ChannelError(Fault.REJECTED, Reason.UNCONFIRMED, seen.code, subscription=seen.answer)
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("sns")
    with aws.translated():
        answer = client.publish(
            TopicArn=sns_subscription.topic_of(message.subscription),
            Subject=message.subject,
            Message=message.text,
        )
    return SendResult(answer["MessageId"], address_works=True)


def _budget() -> Budget:
    return Budget(PER_SECOND, 1)


ADAPTER = Adapter(
    send=send,
    budget=_budget,
    budget_per_person=True,  # SNS limits each topic, and each clinician has one
)
