"""Ends an alert that people are asked about: nobody is asked any more, and they are told so."""

from django.db.models import Min
from django.db.models.functions import Now

from alerts.deliveries import stopping
from alerts.escalation import notices
from alerts.models import Alert, Engagement, Loop
from alerts.states import AlertState, EngagementState, LoopOutcome, Notice


def end(alert: Alert, state: AlertState, *, even_if_acknowledged: bool = False) -> None:
    """Cancel, close or withdraw the alert, read under its lock. Does nothing if it has ended before."""
    if alert.state not in stopping.ends_from(even_if_acknowledged=even_if_acknowledged):
        return
    stopping.end(alert, state, even_if_acknowledged=even_if_acknowledged)
    if alert.has_loop:
        close_loop(alert)
        _tell(alert)


def _tell(alert: Alert) -> None:
    """Tell people that they need not answer. If somebody had accepted, tell only them: the others know already."""
    held = Engagement.objects.filter(alert=alert, state=EngagementState.ACCEPTED).first()
    if held is None:
        notices.tell_asked(alert, Notice.ENDED)
    else:
        notices.tell(held, alert, Notice.ENDED)


def accepted(alert: Alert, engagement: Engagement) -> None:
    """Somebody took the alert on: stop the deliveries that wait, and tell the others. Call with the alert's lock."""
    Engagement.objects.filter(pk=engagement.pk).update(state=EngagementState.ACCEPTED, ended_at=Now())
    stopping.end(alert, AlertState.ACKNOWLEDGED)
    close_loop(alert, LoopOutcome.ACCEPTED)
    notices.tell_asked(alert, Notice.TAKEN, but=engagement)


def handed_back(alert: Alert, engagement: Engagement) -> None:
    """Undo `accepted`, with the engagement as it was before: the asking goes on at once. Call with the alert's lock.

    The person whom the plan was asking then has been told that the alert is taken, and does not expect a question: they
    are asked again.
    """
    stopping.hand_back(alert)
    asked_then = Engagement.objects.filter(
        alert=alert, state=EngagementState.WITHDRAWN, step__isnull=False, ended_at__gte=engagement.ended_at
    )
    step = asked_then.aggregate(first=Min("step"))["first"]
    moved = {} if step is None else {"next_step": step}
    Loop.objects.filter(alert=alert).update(ended_at=None, outcome="", due_at=Now(), **moved)


def reopen(alert: Alert) -> None:
    """Undo `end` with `CLOSED`. This asks nobody again: staff look after the alert. Call with the alert's lock."""
    stopping.reopen(alert)
    Loop.objects.filter(alert=alert, outcome=LoopOutcome.ENDED).update(outcome=LoopOutcome.EXHAUSTED)


def close_loop(alert: Alert, outcome: LoopOutcome = LoopOutcome.ENDED) -> None:
    """Ask nobody any more. The earlier outcome of the asking stays, unless somebody accepts."""
    asked = Engagement.objects.filter(alert=alert, state=EngagementState.ASKED)
    asked.update(state=EngagementState.WITHDRAWN, ended_at=Now())
    loops = Loop.objects.filter(alert=alert)
    if outcome is not LoopOutcome.ACCEPTED:
        loops = loops.filter(ended_at=None)
    loops.update(ended_at=Now(), due_at=None, outcome=outcome)
