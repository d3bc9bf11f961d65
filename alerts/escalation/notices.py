"""Notices: one short message to each person who may have been asked, once they need not answer any more."""

from django.db.models import Exists, OuterRef

from alerts.deliveries import opening
from alerts.models import Alert, Delivery, Engagement
from alerts.states import SUCCEEDED, DeliveryState, EngagementState, Notice
from contacts import routing
from contacts.choices import Channel
from contacts.models import Clinician
from contacts.routing import Route, Step

ROUND = 0
"""The round of a notice: none, because a round is a way through a person's channels."""
MAY_HAVE_COME = (*SUCCEEDED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.UNDELIVERED)
"""States in which a message may be on a telephone, or a telephone may be ringing."""


def tell_asked(alert: Alert, notice: Notice, *, but: Engagement | None = None) -> None:
    """Tell each person who may have got a message, once: as they were last asked.

    Those who declined know already that others are asked.
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
    """Send one short message to a person: by SMS, or else by e-mail, or else by a call. False if nothing reaches them.

    `over` is the one channel to use. Call with the alert's lock. A failure of the message changes nothing else.
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
