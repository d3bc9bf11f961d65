"""Alerts in the admin: what was sent is a record that nobody edits; what staff do about it is recorded, too."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters, csrf_protect_m
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from alerts import actions
from alerts.admin import confirm, search, timeline
from alerts.admin.filters import ChannelFilter, ReceivedFilter, StatusFilter
from alerts.models import Alert
from alerts.states import AlertState, AlertStatus, StaffAction
from contacts.choices import in_words

COLOURS = {
    AlertStatus.QUEUED.label: "info",
    AlertStatus.SENT.label: "success",
    AlertStatus.DELIVERED.label: "success",
    AlertStatus.ACKNOWLEDGED.label: "success",
    AlertStatus.FAILED.label: "danger",
    AlertStatus.CANCELLED.label: "warning",
}
"""What is not listed, such as what has been dealt with, is grey."""
PERMISSIONS = {
    StaffAction.RESEND: "alerts.resend_alert",
    StaffAction.CANCEL: "alerts.cancel_alert",
    StaffAction.CLOSE: "alerts.close_alert",
}
NUL = "\x00"
REFRESH = "X-Bleep-Refresh"
"""The header with which our scripts ask for a part of a page alone: messages to the user stay for a whole page."""


class ReadOnly(admin.options.BaseModelAdmin[Any]):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AlertChangeList(ChangeList):
    """The list; what is searched for is in the session, and its address has a word that stands for it."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Alert]:
        if any(NUL in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters  # PostgreSQL has no such character
        self.query = search.term_of(request, request.GET.get(SEARCH_VAR, "")) or ""
        found: QuerySet[Alert] = super().get_queryset(request, exclude_parameters)
        return found

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count  # the heading has no second count, which would grow old


@admin.register(Alert)
class AlertAdmin(ReadOnly, ModelAdmin):
    """Alerts, newest first."""

    list_display = ("message_id", "status", "priority", "clinician", "channels", "client", "accepted_at")
    list_filter_submit = True  # the range of time needs it
    list_filter = (
        StatusFilter,
        ("priority", ChoicesCheckboxFilter),
        ChannelFilter,
        ("client", RelatedDropdownFilter),
        ("created_at", ReceivedFilter),
    )
    list_select_related = ("clinician", "client")
    list_per_page = 50
    show_full_result_count = False
    show_facets = (
        admin.ShowFacets.NEVER
    )  # a count for each status would be slow on a list that grows for ever
    search_fields = ("message_id", "patient_id", "contact_id", "clinician__name", "description")
    search_help_text = "Message ID, text, patient reference, contact ID or name"
    actions = ("resend_selected", "cancel_selected", "close_selected")
    fields = ()

    class Media:
        css = {"all": ("alerts/alerts.css",)}  # noqa: RUF012 - Django's name
        js = (
            "admin/js/actions.js",
            "alerts/refresh.js",
            "alerts/timeline.js",
        )  # in this order: the second looks at the first's

    def get_urls(self) -> list[URLPattern]:
        def named(address: str, view: Any, name: str, **more: Any) -> URLPattern:
            found: URLPattern = path(
                address, self.admin_site.admin_view(view), more, name=f"alerts_alert_{name}"
            )
            return found

        own_urls = [
            named(f"<path:object_id>/{action.value}/", self.action_view, action.value, action=action)
            for action in StaffAction
        ]
        return [named("search/", self.search_view, "search"), *own_urls, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        alerts = Alert.objects.with_status().prefetch_related("deliveries")
        return alerts.order_by(*self.get_ordering(request) or ("-created_at", "-id"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AlertChangeList

    @display(ordering="status", label=COLOURS)
    def status(self, alert: Alert) -> str:
        return status_in_words(alert)

    @display(description="channels")
    def channels(self, alert: Alert) -> str:
        newest = actions.newest_round(alert)
        return in_words(each.channel for each in alert.deliveries.all() if each.round == newest)

    @display(description="accepted", ordering="-created_at")
    def accepted_at(self, alert: Alert) -> str:
        return timeline.moment(alert.created_at)

    @csrf_protect_m
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        token = request.GET.get(SEARCH_VAR, "")
        if token and search.term_of(request, token) is None:
            self.message_user(request, search.FORGOTTEN, messages.WARNING)
            rest = request.GET.copy()
            del rest[SEARCH_VAR]
            return redirect(f"{request.path}?{rest.urlencode()}")
        answer = super().changelist_view(request, extra_context)
        return _part_alone(request, answer, "admin/alerts/alert/rows.html")

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Keep what is searched for, which may be a patient reference, out of the address."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
        (term, *_more) = asked.pop(SEARCH_VAR, [""])
        term = term.replace(NUL, "").strip()
        if term:
            asked[SEARCH_VAR] = [search.keep(request, term)]
        return redirect(f"{reverse('admin:alerts_alert_changelist')}?{urlencode(asked, doseq=True)}")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        alert = _read_whole(object_id)
        if alert is None or not self.has_view_permission(request):
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        status = status_in_words(alert)
        told = {
            "title": alert.message_id,
            "alert": alert,
            "status": status,
            "tone": COLOURS.get(status, "neutral"),
            "summary": timeline.summary(alert),
            # By either: they are read one after the other, and something may have ended between the two.
            "waits": alert.status == AlertStatus.QUEUED
            or any(each.is_on_its_way for each in alert.deliveries.all()),
            "events": timeline.tell(alert, shows_addresses=request.user.has_perm("contacts.view_clinician")),
            "doors": [
                {
                    "action": action,
                    "refusal": actions.why_not(action, alert),
                    "address": _address(alert, action),
                }
                for action in StaffAction
                if request.user.has_perm(PERMISSIONS[action])
            ],
            "subject": timeline.subject_of(alert),
            "accepted": timeline.moment(alert.created_at),
        }
        answer = super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})
        return _part_alone(request, answer, "admin/alerts/alert/timeline.html")

    def action_view(self, request: HttpRequest, object_id: str, action: StaffAction) -> HttpResponse:
        """Ask whether this is to be done to one alert, and do it."""
        if not (self.has_view_permission(request) and request.user.has_perm(PERMISSIONS[action])):
            raise PermissionDenied
        if not object_id.isdecimal() or not Alert.objects.filter(pk=object_id).exists():
            raise Http404
        here = reverse("admin:alerts_alert_change", args=[object_id])
        return confirm.answer(self, request, action, [int(object_id)], back=here)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSIONS[StaffAction.RESEND]))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSIONS[StaffAction.CANCEL]))

    def has_close_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSIONS[StaffAction.CLOSE]))

    @admin.action(description="Send again…", permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._of_many(request, StaffAction.RESEND, queryset)

    @admin.action(description="Cancel…", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._of_many(request, StaffAction.CANCEL, queryset)

    @admin.action(description="Mark as dealt with…", permissions=["close"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._of_many(request, StaffAction.CLOSE, queryset)

    def _of_many(self, request: HttpRequest, action: StaffAction, queryset: QuerySet[Alert]) -> HttpResponse:
        chosen = list(queryset.values_list("pk", flat=True)[: confirm.MOST_AT_ONCE + 1])
        return confirm.answer(self, request, action, chosen, back=request.get_full_path())


def status_in_words(alert: Alert) -> str:
    """The status that the client was told, and whether staff have dealt with it."""
    told = str(AlertStatus(alert.status).label)
    return f"{told}, dealt with" if alert.state == AlertState.CLOSED else told


def _part_alone(request: HttpRequest, answer: Any, template: str) -> HttpResponse:
    """The answer; where a script asks for it, with the part that changes and nothing around it."""
    if REFRESH in request.headers and hasattr(answer, "template_name"):
        answer.template_name = template
    return answer  # type: ignore[no-any-return]


def _read_whole(object_id: str) -> Alert | None:
    """The alert with all that its page tells."""
    if not object_id.isdecimal():
        return None
    alerts = Alert.objects.with_status().select_related("clinician", "client")
    told = alerts.prefetch_related("clinician__preferences", "deliveries__attempts", "actions__by")
    return told.filter(pk=object_id).first()


def _address(alert: Alert, action: StaffAction) -> str:
    return reverse(f"admin:alerts_alert_{action.value}", args=[alert.pk])
