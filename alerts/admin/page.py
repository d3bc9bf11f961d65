"""The page of an alert: how it stands, its timeline, and what staff can do about it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from alerts import actions, wording
from alerts.admin import confirm, refresh
from alerts.admin.permissions import VisibleAlerts, may, visible_to
from alerts.admin.status import badge
from alerts.admin.timeline import events, reach, standing
from alerts.models import Alert
from alerts.sending import delays
from alerts.states import AlertStatus, StaffAction
from theme.times import full


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
        return [*own_urls, *super().get_urls()]

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
        """Ask the user to confirm an action on one alert, and do it once they have."""
        if not (self.has_view_permission(request) and may(request, action)):
            raise PermissionDenied
        if not object_id.isdecimal() or not visible_to(request.user).filter(pk=object_id).exists():
            raise Http404
        here = reverse("admin:alerts_alert_change", args=[object_id])
        return confirm.answer(self, request, action, [int(object_id)], back=here)


def _read(request: HttpRequest, object_id: str) -> Alert | None:
    """The alert with everything that its page shows."""
    if not object_id.isdecimal():
        return None
    alerts = visible_to(request.user).with_status().select_related("clinician", "client")
    alerts = alerts.prefetch_related(
        "clinician__preferences", "clinician__obstacles", "deliveries__attempts", "actions__by"
    )
    return alerts.filter(pk=object_id).first()


def _context(request: HttpRequest, alert: Alert) -> dict[str, Any]:
    user: Any = request.user
    delayed = delays.of(alert.deliveries.all())
    delay = standing.held_up(alert, delayed)
    may_see = request.user.has_perm("contacts.view_clinician")
    return {
        "title": alert.message_id,
        "alert": alert,
        "badge": badge(alert, held_up=delay is not None),
        "summary": standing.summary(alert, delayed),
        "held_up": delay,
        "reach": reach.by_hand(alert.clinician, may_see=may_see)
        if delay or standing.reached_nobody(alert)
        else None,
        # The status and the deliveries are read one after the other: something may have ended between the two.
        "waits": alert.status == AlertStatus.QUEUED
        or any(each.is_on_its_way for each in alert.deliveries.all()),
        "events": events.of(alert, shows_addresses=may_see, delayed=delayed),
        "buttons": [
            {
                "action": action,
                "variant": "primary" if action is StaffAction.RESEND else "default",
                "refusal": actions.why_not(action, alert),
                "address": reverse(f"admin:alerts_alert_{action.value}", args=[alert.pk]),
            }
            for action in StaffAction
            if may(request, action)
        ],
        "subject": wording.subject(alert.type),
        "received": full(alert.created_at),
        "now": full(timezone.now()),
        "zone": settings.TIME_ZONE,
        "printed_by": user.get_full_name() or user.get_username(),
    }
