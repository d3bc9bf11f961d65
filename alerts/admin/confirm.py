"""The page that asks staff to confirm an action, on one alert or on many, and the messages that follow it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from alerts import actions
from alerts.admin.permissions import visible_to
from alerts.admin.timeline import events
from alerts.deliveries import queries
from alerts.models import Alert, AlertAction
from alerts.states import StaffAction
from contacts.choices import Channel

MAX_AT_ONCE = 100
TOO_MANY = f"More than {MAX_AT_ONCE} alerts are selected. Nothing was done. Select fewer, or narrow the list."
LISTED_ONE_BY_ONE = 10
MAY_STILL_ARRIVE = "What was being sent at that moment may still arrive{those}. It will not be tried again."


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
        meaning="What is waiting will not be sent. What is being sent at this moment may still arrive. "
        "The hospital system will see it as cancelled, or as sent if a provider has already taken it.",
        button="Cancel the alert",
        many="Cancel the alerts",
        done="{n} {are} cancelled.",
        variant="danger",
    ),
    StaffAction.CLOSE: Words(
        question="Mark {n} as dealt with?",
        meaning="It no longer needs attention. What is waiting will not be sent. "
        "What is being sent at this moment may still arrive.",
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


def answer(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, chosen: list[int], *, back: str
) -> HttpResponse:
    """The page that asks. Once the user has confirmed: do it, and return to `back` with messages."""
    form = NoteForm(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        _do(admin, request, action, form.cleaned_data["note"])
        return redirect(back)
    if len(chosen) > MAX_AT_ONCE:
        admin.message_user(request, TOO_MANY, messages.ERROR)
        return redirect(back)
    return _ask(admin, request, action, chosen, form, back)


def _ask(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, chosen: list[int], form: NoteForm, back: str
) -> HttpResponse:
    alerts = list(
        visible_to(request.user)
        .with_status()
        .filter(pk__in=chosen)
        .select_related("client", "clinician")
        .prefetch_related("deliveries", "clinician__preferences", "clinician__obstacles", "actions__by")
    )
    refusals = {alert.pk: actions.why_not(action, alert) for alert in alerts}
    possible = [alert for alert in alerts if not refusals[alert.pk]]
    words = WORDS[action]
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "original": alerts[0]
        if len(alerts) == 1 and not request.POST.getlist(ACTION_CHECKBOX_NAME)
        else None,
        "title": words.question.format(n=_counted(len(alerts))),
        "words": words,
        "button": (len(possible) > 1 and words.many) or words.button,
        "form": form,
        "back": back,
        "action": request.POST.get("action", ""),
        "possible": [_row(action, alert) for alert in possible],
        "impossible": [(alert, refusals[alert.pk]) for alert in alerts if refusals[alert.pk]],
        "people": len({alert.clinician_id for alert in possible}),
        "is_resend": action is StaffAction.RESEND,
        "maybe_arrived": sum(
            any(each.may_have_arrived for each in alert.deliveries.all()) for alert in possible
        ),
    }
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, "admin/alerts/alert/confirm.html", context)


def _row(action: StaffAction, alert: Alert) -> dict[str, Any]:
    """An alert that the action is possible for, and its newest round as the user sees it."""
    by = Channel(actions.route_of(alert).steps[0].channel).label if action is StaffAction.RESEND else ""
    seen = f"{alert.pk}:{actions.newest_round(alert)}"
    return {"alert": alert, "seen": seen, "by": by, "last_action": events.last_action(alert)}


def _do(admin: ModelAdmin, request: HttpRequest, action: StaffAction, note: str) -> None:
    seen = [_seen(each) for each in request.POST.getlist("seen")[:MAX_AT_ONCE]]
    shown = visible_to(request.user).filter(pk__in=[pk for pk, _round in seen])
    names = dict(shown.values_list("pk", "message_id"))
    user: Any = request.user
    done, refused = [], []
    for pk, after_round in seen:
        if pk not in names:
            continue
        try:
            actions.act(action, pk, by=user, after_round=after_round, note=note)
        except actions.ActionRefused as refusal:
            refused.append(f"{names[pk]}: {refusal}")
        else:
            done.append(pk)
    _report(admin, request, action, done, refused)


def _report(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, done: list[int], refused: list[str]
) -> None:
    if done:
        sentence = WORDS[action].done.format(
            n=_counted(len(done), capital=True), are="is" if len(done) == 1 else "are"
        )
        admin.message_user(request, sentence, messages.SUCCESS)
    still = queries.being_sent(done) if action is not StaffAction.RESEND else 0
    if still:
        those = f" ({still} of them)" if len(done) > 1 else ""
        admin.message_user(request, MAY_STILL_ARRIVE.format(those=those), messages.WARNING)
    for sentence in refused[:LISTED_ONE_BY_ONE]:
        admin.message_user(request, sentence, messages.WARNING)
    if len(refused) > LISTED_ONE_BY_ONE:
        more = len(refused) - LISTED_ONE_BY_ONE
        admin.message_user(request, f"It was not done to {more} more either.", messages.WARNING)


def _seen(value: str) -> tuple[int, int]:
    """The alert's key and the round that the user saw; zeros if the form was tampered with."""
    pk, _colon, after_round = value.partition(":")
    return (int(pk), int(after_round)) if pk.isdecimal() and after_round.isdecimal() else (0, 0)


def _counted(number: int, *, capital: bool = False) -> str:
    if number == 1:
        return "This alert" if capital else "this alert"
    return f"{number} alerts"
