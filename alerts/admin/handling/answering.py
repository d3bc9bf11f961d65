"""The page on which staff enter a person's answer: it asks how they know, and enters it."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from alerts import actions
from alerts.admin.handling.carry_out import key_in, report_refused, seen, seen_in, to_each
from alerts.admin.timeline import handled
from alerts.models import Alert, Engagement, Response
from alerts.states import EngagementState, ResponseKind
from theme.guard import is_key

NOBODY_ASKED = "Nobody was asked to take this alert on, so there is no answer to enter."


@dataclass(frozen=True)
class Words:
    """The words for one answer, of the person with this `{name}`."""

    label: str
    question: str
    meaning: str
    done: str
    variant: str = "primary"


WORDS: dict[ResponseKind, Words] = {
    ResponseKind.ACCEPT: Words(
        "Has accepted",
        "Has {name} taken this alert on?",
        "Nobody else is asked any more, and messages that still wait are not sent. People who may have got it are told "
        "by a short message that somebody has it. You can hand it back for them.",
        "{name} has it now.",
    ),
    ResponseKind.DECLINE: Words(
        "Has declined",
        "Has {name} said no?",
        "They get no further message about it. If nobody else is being asked, the next person in the plan is asked at "
        "once. If they change their mind, enter that they have accepted.",
        "{name} is not asked any more.",
    ),
    ResponseKind.HAND_BACK: Words(
        "Hand back",
        "Hand this alert back for {name}?",
        "Then nobody has it, and Bleep asks the next person at once: the one who was being asked when they accepted, "
        "or else the next in the plan. If nobody is left, Home says so.",
        "{name} does not have it any more.",
        "danger",
    ),
}


class AnswerForm(forms.Form):
    """How staff know what the person said."""

    note = forms.CharField(
        max_length=Response._meta.get_field("note").max_length,  # noqa: SLF001 - Django's documented API
        label="How do you know?",
        help_text="“Said so on the telephone at 14:30”, for example. It is kept with your name. Do not name patients.",
        error_messages={"required": "Say how you know: an auditor will ask."},
        widget=UnfoldAdminTextInputWidget,
    )


def buttons(alert: Alert, engagement: Engagement) -> list[dict[str, str]]:
    """What can be entered for this person now."""
    kinds = [kind for kind in WORDS if not actions.why_not_answered(kind, alert, engagement)]
    if engagement.state != EngagementState.ASKED and ResponseKind.DECLINE in kinds:
        kinds.remove(ResponseKind.DECLINE)  # nobody waits for it
    return [{"label": WORDS[kind].label, "address": address(alert, engagement, kind)} for kind in kinds]


def address(alert: Alert, engagement: Engagement, kind: ResponseKind) -> str:
    """The address of the page for this answer of this person."""
    query = urlencode({"engagement": engagement.pk, "kind": kind.value})
    return f"{reverse('admin:alerts_alert_answer', args=[alert.pk])}?{query}"


def page(model_admin: ModelAdmin, request: HttpRequest, alert: Alert) -> HttpResponse:
    """The page that asks; once the user has confirmed, enter the answer and go back to the alert."""
    here = reverse("admin:alerts_alert_change", args=[alert.pk])
    engagement, kind = _asked_about(request, alert)
    form = AnswerForm(request.POST if "confirmed" in request.POST else None)
    key = key_in(request)
    if engagement and kind and key and form.is_valid():
        _enter(model_admin, request, alert, engagement, kind, key, form.cleaned_data["note"])
        return redirect(here)
    words = WORDS[kind or ResponseKind.ACCEPT]
    name = engagement.clinician.name if engagement else "somebody"
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": alert,
        "title": words.question.format(name=name) if engagement else "Enter an answer",
        "alert": alert,
        "form": form,
        "back": here,
        "refusal": actions.why_not_answered(kind, alert, engagement) if engagement and kind else NOBODY_ASKED,
        "words": words,
        "seen": seen(alert.pk, alert.actions.all()),
        "newest_answer": actions.newest_answer(alert),
        "key": key or uuid.uuid4(),
        "last_action": handled.last(alert),
    }
    return TemplateResponse(request, "admin/alerts/alert/answer.html", context)


def _asked_about(request: HttpRequest, alert: Alert) -> tuple[Engagement | None, ResponseKind | None]:
    """Whose answer it is, and which; None if the address names neither."""
    wanted, said = request.GET.get("engagement", ""), request.GET.get("kind", "")
    if not (is_key(wanted) and said in ResponseKind.values):
        return None, None
    found = alert.engagements.select_related("clinician").filter(pk=wanted).first()
    return found, ResponseKind(said)


def _enter(
    model_admin: ModelAdmin,
    request: HttpRequest,
    alert: Alert,
    engagement: Engagement,
    kind: ResponseKind,
    key: uuid.UUID,
    note: str,
) -> None:
    user: Any = request.user
    newest = request.POST.get("newest_answer", "")

    def enter(pk: int, after: int | None) -> None:
        if pk == alert.pk:
            actions.enter(
                pk,
                engagement.pk,
                kind,
                key=key,
                by=user,
                note=note,
                after=after,
                newest_answer=int(newest) if is_key(newest) else 0,
            )

    done = to_each(request, seen_in(request), enter)
    report_refused(model_admin, request, done.refused)
    if done.alerts:
        sentence = WORDS[kind].done.format(name=engagement.clinician.name)
        model_admin.message_user(request, sentence, messages.SUCCESS)
