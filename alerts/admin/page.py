"""The page of an alert: how it stands, its timeline, and what staff can do about it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from alerts import actions, labels, wording
from alerts.admin.handling import answering, at_once, confirm, forward
from alerts.admin.handling.carry_out import seen
from alerts.admin.permissions import (
    HANDLE,
    SEE_ADDRESSES,
    VisibleAlerts,
    ask_for,
    ask_to_change,
    may,
    visible_to,
)
from alerts.admin.status import badge, engagement_badge, responsibility_badge
from alerts.admin.timeline import asked, events, handled, moments, reach, standing
from alerts.admin.timeline.asked import Asking
from alerts.models import Alert
from alerts.sending import delays
from alerts.states import AlertState, AlertStatus, StaffAction
from theme import refresh
from theme.times import full

VARIANTS = {StaffAction.TAKE: "primary", StaffAction.RESEND: "primary"}


class AlertPage(VisibleAlerts):
    """The part of `AlertAdmin` that is the page of one alert."""

    fields = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.action_view)
        own_urls = [
            path(
                f"<path:object_id>/{action.value}/",
                view,
                {"action": action},
                name=f"alerts_alert_{action.value}",
            )
            for action in StaffAction
        ]
        answer = self.admin_site.admin_view(self.answer_view)
        return [
            *own_urls,
            path("<path:object_id>/answer/", answer, name="alerts_alert_answer"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = extra_context or {}
        alert = _read(request, object_id) if self.has_view_permission(request) else None
        if alert:
            context = {**_context(request, alert), **context}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return refresh.only_part(request, response, "admin/alerts/alert/timeline.html") if alert else response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):  # before Django looks for an alert that the user cannot see
            raise PermissionDenied
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response

    def action_view(self, request: HttpRequest, object_id: str, action: StaffAction) -> HttpResponse:
        """Do an action at once, or ask the user to confirm it and do it once they have."""
        if not (self.has_view_permission(request) and may(request, action)):
            raise PermissionDenied
        if not visible_to(request.user).filter(pk=object_id).exists():
            raise Http404
        here = reverse("admin:alerts_alert_change", args=[object_id])
        if action in at_once.DONE:
            return at_once.answer(self, request, action, page=here)
        if action is StaffAction.FORWARD:
            alert = _read(request, object_id)
            if alert is None:
                raise Http404
            return forward.answer(self, request, alert)
        return confirm.answer(self, request, action, [int(object_id)], back=here)

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter the answer of a person who was asked, and how staff know it."""
        if not (self.has_view_permission(request) and request.user.has_perm(HANDLE)):
            raise PermissionDenied
        alert = _read(request, object_id)
        if alert is None:
            raise Http404
        return answering.page(self, request, alert)


def _read(request: HttpRequest, object_id: str) -> Alert | None:
    """The alert with everything that its page shows."""
    alerts = visible_to(request.user).with_status().select_related("clinician", "client", "loop")
    alerts = alerts.select_related("sent_on_by__by", "sent_on_by__alert__clinician").prefetch_related(
        "clinician__preferences",
        "clinician__obstacles",
        "clinician__email_subscriptions",
        "deliveries__attempts",
        "actions__by",
        "actions__sent_on_as__clinician",
        "actions__asked__clinician",
    )
    return alerts.filter(pk=object_id).first()


def _context(request: HttpRequest, alert: Alert) -> dict[str, Any]:
    user: Any = request.user
    delayed = delays.of(alert.deliveries.all())
    delay = standing.held_up(alert, delayed)
    asking = asked.read(alert)
    may_see = request.user.has_perm(SEE_ADDRESSES)
    ask = ask_to_change(request)
    needs_somebody = alert.state == AlertState.OPEN and alert.status in (
        AlertStatus.QUEUED,
        AlertStatus.FAILED,
    )
    return {
        "title": alert.message_id,
        "alert": alert,
        "badge": badge(alert, held_up=delay is not None),
        "summary": standing.summary(alert, delayed) if alert.state != AlertState.ACKNOWLEDGED else "",
        **_of_asking(request, alert, asking),
        "held_up": delay,
        "reach": reach.everybody(
            [alert.clinician, *(each.clinician for each in asking.standing.engagements)]
            if asking
            else [alert.clinician],
            may_see=may_see,
        )
        if delay or standing.reached_nobody(alert) or (asking and asked.nobody_left(alert, asking))
        else [],
        # The status and the deliveries are read one after the other: a delivery may have ended in between.
        "why_blank": labels.why_blank() if alert.is_blank else "",
        "waits": alert.status == AlertStatus.QUEUED
        or (asking is not None and alert.state == AlertState.OPEN)
        or any(each.is_on_its_way for each in alert.deliveries.all()),
        "events": events.of(alert, shows_addresses=may_see, delayed=delayed, asking=asking, ask=ask),
        "moments": list(moments.of(alert, asking)),
        "ask_to_handle": ask_for(HANDLE) if needs_somebody and not request.user.has_perm(HANDLE) else "",
        "ask_to_correct": ask,
        "ask_for_numbers": "" if may_see else ask_for(SEE_ADDRESSES),
        "held": handled.on_it(alert),
        "buttons": _buttons(request, alert, ask),
        "seen": seen(alert.pk, alert.actions.all()),
        "subject": wording.subject(alert.type),
        "received": full(alert.created_at),
        "now": full(timezone.now()),
        "zone": settings.TIME_ZONE,
        "printed_by": user.get_full_name() or user.get_username(),
    }


def _of_asking(request: HttpRequest, alert: Alert, asking: Asking | None) -> dict[str, Any]:
    """Who has the alert, who was asked, and which answers the user may enter for them."""
    if asking is None:
        return {}
    return {
        "responsibility": responsibility_badge(alert, asking.standing),
        "who_has_it": asked.sentence(alert, asking),
        "plan": asking.plan.name,
        "people": [
            {
                "clinician": each.clinician,
                "badge": engagement_badge(each),
                "why": asked.why(each, alert, asking),
                "when": asked.when(each, alert),
                "buttons": answering.buttons(alert, each) if request.user.has_perm(HANDLE) else [],
            }
            for each in asking.standing.engagements
        ],
    }


def _buttons(request: HttpRequest, alert: Alert, ask: str) -> list[dict[str, Any]]:
    """The actions of the user, each with the reason if it is not possible now."""
    user: Any = request.user
    held = actions.holding(alert.actions.all())
    return [
        {
            "action": action,
            "label": f"Take over from {handled.name_of(held.by)}"
            if held and action is StaffAction.TAKE
            else action.label,
            "variant": VARIANTS.get(action, "default"),
            "refusal": refusal.for_reader(ask=ask) if refusal else "",
            "at_once": action in at_once.DONE,
            "address": reverse(f"admin:alerts_alert_{action.value}", args=[alert.pk]),
        }
        for action in StaffAction
        if may(request, action)
        for refusal in [actions.why_not(action, alert, by=user)]
    ]
