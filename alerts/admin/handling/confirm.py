"""The page that asks staff to confirm an action, on one alert or on many, and the messages that follow it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from alerts import actions
from alerts.admin.handling import carry_out
from alerts.admin.handling.carry_out import counted, report_refused, seen, seen_in, to_each
from alerts.admin.permissions import ask_to_change, visible_to
from alerts.admin.timeline import handled
from alerts.deliveries import queries
from alerts.models import Alert, AlertAction
from alerts.states import NAMES_SOMEBODY, Outcome, StaffAction
from contacts.choices import Channel
from contacts.models import Clinician

MAY_STILL_ARRIVE = (
    "Messages that were being sent at that moment may still arrive{those}. They will not be tried again."
)


@dataclass(frozen=True)
class Words:
    """The words for one action. `{n}` becomes "this alert" or "3 alerts", `{are}` "is" or "are"."""

    question: str
    meaning: str
    button: str
    done: str
    variant: str
    many: str = ""


WORDS: dict[StaffAction, Words] = {
    StaffAction.RESEND: Words(
        question="Send {n} again?",
        meaning="Bleep starts again with the first channel in the clinician's current preferences.",
        button="Send again",
        done="{n} will be sent again.",
        variant="primary",
    ),
    StaffAction.CANCEL: Words(
        question="Cancel {n}?",
        meaning="Messages that wait will not be sent. Those that are being sent at this moment may still arrive. "
        "The hospital system will see it as cancelled, or as sent if a provider has already taken it.",
        button="Cancel the alert",
        many="Cancel the alerts",
        done="{n} {are} cancelled.",
        variant="danger",
    ),
    StaffAction.CLOSE: Words(
        question="Mark {n} as dealt with?",
        meaning="It no longer needs attention. Messages that wait will not be sent. "
        "Those that are being sent at this moment may still arrive.",
        button="Mark as dealt with",
        done="{n} {are} marked as dealt with.",
        variant="primary",
    ),
}


class NoteForm(forms.Form):
    """A note from staff."""

    note = forms.CharField(
        max_length=AlertAction._meta.get_field("note").max_length,  # noqa: SLF001 - Django's documented API
        required=False,
        label="Note",
        help_text="Optional. It is kept with the alert and your name. Do not name patients.",
        widget=UnfoldAdminTextInputWidget,
    )


class DealtWithForm(NoteForm):
    """How it was dealt with, and whom staff told."""

    outcome = forms.TypedChoiceField(
        choices=Outcome.choices,
        coerce=Outcome,
        label="How was it dealt with?",
        widget=UnfoldAdminRadioSelectWidget,
        error_messages={"required": "Choose how it was dealt with."},
    )
    told = forms.CharField(
        max_length=AlertAction._meta.get_field("told").max_length,  # noqa: SLF001
        required=False,
        label="Who was told, or took it",
        help_text="Their name or role. Needed if somebody was told, or took it. Do not name patients.",
        widget=UnfoldAdminTextInputWidget,
    )
    field_order = ("outcome", "told", "note")

    def clean_told(self) -> str:
        """Some outcomes name a person."""
        told: str = self.cleaned_data["told"]
        if self.cleaned_data.get("outcome") in NAMES_SOMEBODY and not told:
            raise forms.ValidationError("Say who was told, or who took it.")
        return told


def answer(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, chosen: list[int], *, back: str
) -> HttpResponse:
    """The page that asks. Once the user has confirmed: do it, and return to `back` with messages."""
    form_of = DealtWithForm if action is StaffAction.CLOSE else NoteForm
    form = form_of(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        _do(admin, request, action, form.cleaned_data)
        return redirect(back)
    if len(chosen) > carry_out.MAX_AT_ONCE:
        admin.message_user(request, carry_out.TOO_MANY, messages.ERROR)
        return redirect(back)
    return _ask(admin, request, action, chosen, form, back)


def _ask(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, chosen: list[int], form: NoteForm, back: str
) -> HttpResponse:
    alerts = list(
        visible_to(request.user)
        .with_status()
        .filter(pk__in=chosen)
        .select_related("client", "clinician", "loop")
        .prefetch_related(
            "deliveries",
            "clinician__preferences",
            "clinician__obstacles",
            "clinician__email_subscriptions",
            "actions__by",
            "actions__sent_on_as__clinician",
            "actions__asked__clinician",
            "engagements__clinician__preferences",
            "engagements__clinician__obstacles",
            "engagements__clinician__email_subscriptions",
        )
    )
    user: Any = request.user
    refusals = {alert.pk: actions.why_not(action, alert, by=user) for alert in alerts}
    ask = ask_to_change(request) if any(refusals.values()) else ""
    possible = [alert for alert in alerts if not refusals[alert.pk]]
    words = WORDS[action]
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "original": alerts[0]
        if len(alerts) == 1 and not request.POST.getlist(ACTION_CHECKBOX_NAME)
        else None,
        "title": words.question.format(n=counted(len(alerts))),
        "words": words,
        "button": (len(possible) > 1 and words.many) or words.button,
        "form": form,
        "back": back,
        "action": request.POST.get("action", ""),
        "possible": [_row(action, alert) for alert in possible],
        "impossible": [
            (alert, why.for_reader(ask=ask)) for alert in alerts if (why := refusals[alert.pk]) is not None
        ],
        "people": len({_to(alert).pk for alert in possible}),
        "tells_asked": action is not StaffAction.RESEND and any(alert.has_loop for alert in possible),
        "is_resend": action is StaffAction.RESEND,
        "maybe_arrived": sum(
            any(each.may_have_arrived for each in actions.messages_again(alert)) for alert in possible
        ),
    }
    return TemplateResponse(request, "admin/alerts/alert/confirm.html", context)


def _row(action: StaffAction, alert: Alert) -> dict[str, Any]:
    """An alert that the action is possible for, and what the user sees of it."""
    by = Channel(actions.route_of(alert).steps[0].channel).label if action is StaffAction.RESEND else ""
    return {
        "alert": alert,
        "seen": seen(alert.pk, alert.actions.all()),
        "by": by,
        "to": _to(alert) if action is StaffAction.RESEND else alert.clinician,
        "last_action": handled.last(alert),
    }


def _to(alert: Alert) -> Clinician:
    """The person to whom it would be sent again."""
    engagement = actions.asked_again(alert)
    return engagement.clinician if engagement else alert.clinician


def _do(admin: ModelAdmin, request: HttpRequest, action: StaffAction, given: dict[str, Any]) -> None:
    user: Any = request.user
    dealt_with = actions.DealtWith(given["outcome"], given["told"]) if action is StaffAction.CLOSE else None
    done = to_each(
        request,
        seen_in(request),
        lambda pk, after: actions.act(
            action, pk, by=user, after=after, note=given["note"], dealt_with=dealt_with
        ),
    )
    if done.alerts:
        sentence = WORDS[action].done.format(
            n=counted(len(done.alerts), capital=True), are="is" if len(done.alerts) == 1 else "are"
        )
        admin.message_user(request, _with_undo(request, action, sentence, done.alerts), messages.SUCCESS)
    still = queries.being_sent(done.alerts) if action is not StaffAction.RESEND else 0
    if still:
        those = f" ({still} of them)" if len(done.alerts) > 1 else ""
        admin.message_user(request, MAY_STILL_ARRIVE.format(those=those), messages.WARNING)
    report_refused(admin, request, done.refused)


def _with_undo(request: HttpRequest, action: StaffAction, sentence: str, done: list[int]) -> str:
    """The message after the action; for "dealt with" it has a button that undoes it."""
    if action is not StaffAction.CLOSE:
        return sentence
    alerts = Alert.objects.filter(pk__in=done).prefetch_related("actions")
    context = {
        "sentence": sentence,
        "address": reverse(f"admin:alerts_alert_{StaffAction.REOPEN.value}", args=[done[0]]),
        "seen": [seen(each.pk, each.actions.all()) for each in alerts],
        "back": request.get_full_path() if "action" in request.POST else "",
    }
    return render_to_string("admin/alerts/alert/undo.html", context, request)
