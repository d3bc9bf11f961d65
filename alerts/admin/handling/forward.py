"""Sending an alert to somebody else: choose a person, see how they would be reached, then confirm."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from alerts import actions, wording
from alerts.admin.handling.carry_out import key_in, report_refused, seen, seen_in, to_each
from alerts.admin.handling.confirm import NoteForm
from alerts.admin.permissions import ask_to_change
from alerts.admin.timeline import handled
from alerts.labels import Explanation
from alerts.models import Alert
from alerts.states import StaffAction
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.route_words import describe
from contacts.routing import Route, route
from theme.times import duration

SENT_ON = (
    "It is being sent to {name}. This page shows how that goes. The first alert stays open until somebody marks it as "
    "dealt with."
)
ASKED = "{name} is asked to take it on, and has {given} to answer. This page shows how that goes."
CHANGED = "How they are reached has changed since you looked. Look again, then confirm."


class ForwardForm(NoteForm):
    """Who should get it instead."""

    clinician = forms.ModelChoiceField(
        Clinician.objects.all(),
        label="Who should get it?",
        help_text="Type a name or a contact ID.",
        error_messages={"required": "Choose a person.", "invalid_choice": "Choose a person."},
        widget=AutocompleteSelect(Alert._meta.get_field("clinician"), admin.site),  # noqa: SLF001 - documented
    )
    field_order = ("clinician", "note")


def answer(model_admin: ModelAdmin, request: HttpRequest, alert: Alert) -> HttpResponse:
    """The page that asks whom to send the alert to. Once the user has confirmed what it shows, it is sent."""
    user: Any = request.user
    here = reverse("admin:alerts_alert_change", args=[alert.pk])
    refusal = actions.why_not(StaffAction.FORWARD, alert, by=user)
    form = ForwardForm(request.POST or None)
    chosen = form.cleaned_data["clinician"] if form.is_valid() else None
    way = route(chosen, Priority(alert.priority)) if chosen else None
    key = key_in(request)
    if chosen and way and key and "confirmed" in request.POST:
        if request.POST.get("shown") == _shown(chosen, way):
            return _send(model_admin, request, alert, chosen, key, form.cleaned_data["note"]) or redirect(
                here
            )
        model_admin.message_user(request, CHANGED, messages.WARNING)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": alert,
        "title": "Send this alert to somebody else",
        "alert": alert,
        "form": form,
        "media": form.media,
        "back": here,
        "refusal": refusal,  # none of these is about a clinician
        "seen": seen(alert.pk, alert.actions.all()),
        "last_action": handled.last(alert),
        "text": alert.description if alert.has_loop else wording.sent_on(alert.description),
        "given": duration(actions.wait_of(alert)) if alert.has_loop else "",
        **(_preview(alert, chosen, way, ask_to_change(request)) if chosen and way else {}),
    }
    return TemplateResponse(request, "admin/alerts/alert/forward.html", context)


def _preview(alert: Alert, chosen: Clinician, way: Route, ask: str) -> dict[str, Any]:
    """How the person would be reached, or why not; and the value by which the form sends that back."""
    if obstacle := _not_to(alert, chosen):
        return {"obstacle": obstacle}
    if way.reason:
        return {"obstacle": actions.no_route(way.reason).for_reader(ask=ask)}
    return {
        "chosen": chosen,
        "way": describe(way),
        "shown": _shown(chosen, way),
        "key": uuid.uuid4(),
    }


def _not_to(alert: Alert, chosen: Clinician) -> Explanation | None:
    if alert.has_loop:
        return actions.why_not_asked(alert, chosen)
    return actions.MEANT_FOR_THEM if chosen.pk == alert.clinician_id else None


def _shown(chosen: Clinician, way: Route) -> str:
    return f"{chosen.pk}: {describe(way)}"


def _send(
    model_admin: ModelAdmin, request: HttpRequest, alert: Alert, chosen: Clinician, key: uuid.UUID, note: str
) -> HttpResponse | None:
    """Send the alert, and redirect to the new alert's page; None if that was refused, which a message says."""
    sent: list[Alert] = []
    user: Any = request.user

    def send(pk: int, after: int | None) -> None:
        if pk == alert.pk and alert.has_loop:
            actions.ask(pk, to=chosen, by=user, after=after, note=note)
            sent.append(alert)
        elif pk == alert.pk:
            sent.append(actions.forward(pk, to=chosen, key=key, by=user, after=after, note=note))

    done = to_each(request, seen_in(request), send)
    report_refused(model_admin, request, done.refused)
    if not sent:
        return None
    words = (
        ASKED.format(name=chosen.name, given=duration(actions.wait_of(alert))) if alert.has_loop else SENT_ON
    )
    model_admin.message_user(request, words.format(name=chosen.name), messages.SUCCESS)
    return redirect(reverse("admin:alerts_alert_change", args=[sent[0].pk]))
