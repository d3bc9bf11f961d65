"""The consequences for a person who was asked: whether more is sent to them, and what follows if no channel is left."""

from django.db.models.functions import Now

from alerts.models import Alert, Delivery, Engagement, Loop
from alerts.states import SUCCEEDED, UNFINISHED, AlertState, EngagementState

OVER = (EngagementState.DECLINED, EngagementState.WITHDRAWN)
"""States after which nothing more is sent. People whose time ran out, or who could not be reached, may still answer."""


def is_wanted(alert: Alert, delivery: Delivery) -> bool:
    """Whether another try or another channel may follow this delivery. Call with the alert's lock.

    False once the alert has ended, and for somebody who has declined or is no longer asked, unless staff sent it to
    them after that. One query; none for an alert without a plan.
    """
    if alert.state != AlertState.OPEN or delivery.engagement_id is None:
        return alert.state == AlertState.OPEN
    over = Engagement.objects.filter(
        pk=delivery.engagement_id, state__in=OVER, ended_at__gte=delivery.created_at
    )
    return not over.exists()


def give_up(engagement_id: int, alert_id: int) -> bool:
    """If no message can reach the person any more, note that, and let the next person be asked at once. Call with the
    alert's lock.

    False if they were not waited for, or something may still reach them.
    """
    sent = Delivery.objects.filter(engagement=engagement_id, notice="")
    if sent.filter(state__in=(*UNFINISHED, *SUCCEEDED)).exists():
        return False
    asked = Engagement.objects.filter(pk=engagement_id, state=EngagementState.ASKED)
    if not asked.update(state=EngagementState.UNREACHABLE, ended_at=Now()):
        return False
    go_on(alert_id)
    return True


def go_on(alert_id: int) -> None:
    """Let the next step begin at once, unless somebody else is asked now, or the asking has ended."""
    if not Engagement.objects.filter(alert=alert_id, state=EngagementState.ASKED).exists():
        Loop.objects.filter(alert=alert_id, ended_at=None).update(due_at=Now())
