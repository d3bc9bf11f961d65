"""The list of alerts: columns, filters, search, and actions for many alerts at once."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import csrf_protect_m
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedDropdownFilter
from unfold.decorators import display

from alerts.admin import search
from alerts.admin.filters import (
    AnswersFilter,
    ChannelFilter,
    ClinicianDepartmentFilter,
    ReceivedFilter,
    ResponsibilityFilter,
    StatusFilter,
    TestsFilter,
    WhenFilter,
    hidden_tests,
)
from alerts.admin.handling import at_once, carry_out, confirm
from alerts.admin.permissions import VisibleAlerts, may, visible_to
from alerts.admin.status import HIGH, badge, responsibility_badge
from alerts.admin.timeline import standing
from alerts.escalation import responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert
from alerts.sending import delays
from alerts.states import StaffAction
from contacts.choices import Priority, in_words
from theme import pagination, refresh
from theme.guard import NUL
from theme.pagination import LongChangeList
from theme.times import clock, moment

SEARCHED_SINCE = "alerts_searched_since"
"""The attribute of a request with the time from which on parts of words were searched for."""


class AlertChangeList(LongChangeList):
    """The list. The address has a token for the search term; the term itself is in the session."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Alert]:
        self.query = search.term_of(request, request.GET.get(SEARCH_VAR, "")) or ""
        found: QuerySet[Alert] = super().get_queryset(request, exclude_parameters)
        since: datetime | None = getattr(request, SEARCHED_SINCE, None)
        self.searched_since = moment(since) if since else ""
        return found

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if request.method != "GET":  # an action shows no rows
            return
        shown: list[Any] = list(self.result_list)
        delayed = delays.of(each for alert in shown for each in alert.deliveries.all())
        standing_of = responsibility.of(shown)
        for alert in shown:
            alert.standing = standing_of[alert.pk]
            alert.held_up = standing.held_up(alert, delayed)
        self.result_list: list[Any] = shown


class AlertList(VisibleAlerts):
    """The part of `AlertAdmin` that is the list, newest first."""

    list_display = ("message_id", "status", "urgency", "clinician", "channels", "client", "accepted_at")
    list_filter_submit = True  # the filter by time needs it
    list_filter = (
        StatusFilter,
        ResponsibilityFilter,
        AnswersFilter,
        ("priority", ChoicesCheckboxFilter),
        ChannelFilter,
        TestsFilter,
        ClinicianDepartmentFilter,
        ("client", RelatedDropdownFilter),
        WhenFilter,
        ("created_at", ReceivedFilter),
    )
    list_select_related = ("clinician", "client")
    sortable_by = ("message_id", "accepted_at")  # any other order would sort millions of rows for one page
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # the list only grows: a count for each status would be slow
    search_fields = search.FIELDS
    search_help_text = "Message ID, text, patient reference, contact ID or name"
    actions = ("resend_selected", "cancel_selected", "close_selected", "reopen_selected")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.search_view)
        return [path("search/", view, name="alerts_alert_search"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        alerts = visible_to(request.user).with_status().prefetch_related("deliveries")
        return alerts.order_by(*self.get_ordering(request) or ("-created_at", "-id"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LongChangeList]:
        return AlertChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Alert], per_page: int, *_: Any
    ) -> pagination.LongPaginator:
        return pagination.paginator(request, queryset, per_page)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Alert], search_term: str
    ) -> tuple[QuerySet[Alert], bool]:
        if search_term.strip():
            queryset, since = search.matching(queryset, search_term)
            setattr(request, SEARCHED_SINCE, since)
        return queryset, False

    @display(ordering="status")
    def status(self, alert: Alert) -> str:
        held_up = getattr(alert, "held_up", None)  # `AlertChangeList` sets it
        shown = badge(alert, held_up=held_up is not None).html
        if held_up:
            since = f" since {clock(held_up.since, day_of=timezone.now())}" if held_up.since else ""
            shown = format_html('{}<div class="alert-held-up">{}{}</div>', shown, held_up.short, since)
        standing: Responsibility = getattr(alert, "standing", responsibility.NOBODY_ASKED)
        if standing.holder:
            return format_html(
                '{}<div class="alert-held-up">by {}</div>', shown, standing.holder.clinician.name
            )
        taken_on = responsibility_badge(alert, standing)
        if taken_on is None:
            return shown
        names = ", ".join(each.clinician.name for each in standing.asked)
        asked = format_html('<div class="alert-held-up">{} asked</div>', names) if names else ""
        return format_html('{}<div class="alert-taken-on">{}{}</div>', shown, taken_on.html, asked)

    @display(description="priority", ordering="priority")
    def urgency(self, alert: Alert) -> str:
        return HIGH.html if alert.priority == Priority.HIGH else str(alert.get_priority_display())

    @display(description="channels")
    def channels(self, alert: Alert) -> str:
        """The people who were asked last; several, if the newest round is of several."""
        newest = max(((each.engagement_id or 0, each.round) for each in alert.messages), default=None)
        return in_words(
            each.channel for each in alert.messages if (each.engagement_id or 0, each.round) == newest
        )

    @display(description="received", ordering="-created_at")
    def accepted_at(self, alert: Alert) -> str:
        return moment(alert.created_at)

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
        seen = visible_to(request.user)
        hidden = {"hidden_tests": hidden_tests(request, seen) if request.method == "GET" else 0}
        response = super().changelist_view(request, {**hidden, **(extra_context or {})})
        return refresh.only_part(request, response, "admin/alerts/alert/rows.html")

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the search term out of the address: it may be a patient reference."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
        (term, *_more) = asked.pop(SEARCH_VAR, [""])
        term = term.replace(NUL, "").strip()
        if term:
            asked[SEARCH_VAR] = [search.keep(request, term)]
        return redirect(f"{reverse('admin:alerts_alert_changelist')}?{urlencode(asked, doseq=True)}")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return may(request, StaffAction.RESEND)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return may(request, StaffAction.CANCEL)

    def has_close_permission(self, request: HttpRequest) -> bool:
        return may(request, StaffAction.CLOSE)

    @admin.action(description="Send again…", permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._confirm(request, StaffAction.RESEND, queryset)

    @admin.action(description="Cancel…", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._confirm(request, StaffAction.CANCEL, queryset)

    @admin.action(description="Mark as dealt with…", permissions=["close"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        return self._confirm(request, StaffAction.CLOSE, queryset)

    @admin.action(description="Undo “dealt with”", permissions=["close"])
    def reopen_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse:
        chosen = list(queryset.values_list("pk", flat=True)[: carry_out.MAX_AT_ONCE + 1])
        return at_once.answer_many(self, request, StaffAction.REOPEN, chosen, page=request.get_full_path())

    def _confirm(self, request: HttpRequest, action: StaffAction, queryset: QuerySet[Alert]) -> HttpResponse:
        chosen = list(queryset.values_list("pk", flat=True)[: carry_out.MAX_AT_ONCE + 1])
        return confirm.answer(self, request, action, chosen, back=request.get_full_path())
