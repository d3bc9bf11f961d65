"""One short message to those who may have been asked and of whom nothing is wanted any more."""

from alerts.deliveries import opening
from alerts.models import Alert, Delivery, Engagement
from alerts.states import SUCCEEDED, DeliveryState, EngagementState, Notice
from contacts import routing
from contacts.choices import Channel
from contacts.models import Clinician
from contacts.routing import Route, Step

ROUND = 0
"""Notices belong to no round: a round is a way through somebody's channels."""
MAY_HAVE_COME = (*SUCCEEDED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.UNDELIVERED)
"""What may be on a telephone, or ring there at this moment."""


def tell_asked(alert: Alert, notice: Notice, *, but: Engagement | None = None) -> None:
    """Tell everybody who may have got a message, once. Those who declined know that others are asked."""
    told = set(Delivery.objects.filter(alert=alert, notice=notice).values_list("clinician_id", flat=True))
    told |= {but.clinician_id} if but else set()
    asked = Engagement.objects.filter(alert=alert).exclude(state=EngagementState.DECLINED)
    for engagement in asked.filter(deliveries__state__in=MAY_HAVE_COME, deliveries__notice="").distinct():
        if engagement.clinician_id not in told:
            told.add(engagement.clinician_id)
            tell(engagement, alert, notice)


def tell(engagement: Engagement, alert: Alert, notice: Notice, *, over: Channel | None = None) -> bool:
    """Send one short message to a person: by SMS, else by e-mail, else by a call. False if nothing reaches them.

    `over` is the one channel to use. Call with the alert's lock. What goes wrong with it changes nothing.
    """
    clinician = routing.looked_up(Clinician.objects.filter(pk=engagement.clinician_id))
    if clinician is None:
        return False
    step = _quietest(routing.over(clinician, [over] if over else list(Channel)))
    if step is None:
        return False
    sent = Delivery.objects.filter(engagement=engagement, round=ROUND).count()
    opening.open_delivery(
        alert,
        step,
        round_number=ROUND,
        position=sent + 1,
        engagement=engagement,
        notice=notice,
        traceparent="",
    )
    return True


def _quietest(route: Route) -> Step | None:
    order = (Channel.SMS, Channel.EMAIL, Channel.CALL)
    return min(route.steps, key=lambda step: order.index(step.channel), default=None)
