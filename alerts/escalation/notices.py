"""One short message to those who may have been asked, once nothing is wanted of them any more."""

from django.db.models import Exists, OuterRef

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
    """Tell everybody who may have got a message, once for the last time that they were asked.

    Those who declined then know that others are asked.
    """
    of_each = Delivery.objects.filter(engagement=OuterRef("pk"))
    asked = Engagement.objects.filter(
        Exists(of_each.filter(state__in=MAY_HAVE_COME, notice="")), alert=alert
    ).annotate(is_told=Exists(of_each.filter(notice=notice).exclude(state=DeliveryState.CANCELLED)))
    latest = {each.clinician_id: each for each in asked.order_by("number")}
    for clinician_id, engagement in latest.items():
        knows = engagement.is_told or engagement.state == EngagementState.DECLINED
        if not knows and not (but and but.clinician_id == clinician_id):
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
