"""What follows for somebody who was asked, once no channel is left over which they could be reached."""

from django.db.models.functions import Now

from alerts.models import Delivery, Engagement, Loop
from alerts.states import SUCCEEDED, UNFINISHED, EngagementState


def give_up(engagement_id: int, alert_id: int) -> bool:
    """Note that the person cannot be reached, if nothing of what was sent may reach them: the next is asked at once.

    Call with the alert's lock. False if they were not waited for, or something may still reach them.
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
    """Let the next step begin at once, unless somebody else is being asked, or nobody is any more."""
    if not Engagement.objects.filter(alert=alert_id, state=EngagementState.ASKED).exists():
        Loop.objects.filter(alert=alert_id, ended_at=None).update(due_at=Now())
