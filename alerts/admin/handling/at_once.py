"""Actions without a confirmation, because another click undoes them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin

from alerts import actions
from alerts.admin.handling.carry_out import (
    MAX_AT_ONCE,
    TOO_MANY,
    Done,
    counted,
    report_refused,
    seen_in,
    to_each,
)
from alerts.states import StaffAction

DONE: dict[StaffAction, str] = {
    StaffAction.TAKE: "You are on {n}. Your colleagues see that.",
    StaffAction.HAND_BACK: "You have handed back {n}: nobody is on it now.",
    StaffAction.REOPEN: "It was undone: {n} {are} no longer marked as dealt with.",
}


def answer(admin: ModelAdmin, request: HttpRequest, action: StaffAction, *, page: str) -> HttpResponse:
    """Do the action to the alerts that the form names. Redirect to the page that the form was on, or else to `page`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user: Any = request.user
    done = to_each(request, seen_in(request), lambda pk, after: actions.act(action, pk, by=user, after=after))
    return _report(admin, request, action, done, page=_back(request) or page)


def answer_many(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, chosen: list[int], *, page: str
) -> HttpResponse:
    """Do the action to the alerts that were selected in the list. Redirect to `page`."""
    if len(chosen) > MAX_AT_ONCE:
        admin.message_user(request, TOO_MANY, messages.ERROR)
        return redirect(page)
    user: Any = request.user
    done = to_each(request, [(pk, None) for pk in chosen], lambda pk, _: actions.act(action, pk, by=user))
    return _report(admin, request, action, done, page=page)


def _report(
    admin: ModelAdmin, request: HttpRequest, action: StaffAction, done: Done, *, page: str
) -> HttpResponse:
    if done.alerts:
        number = len(done.alerts)
        sentence = DONE[action].format(n=counted(number), are="is" if number == 1 else "are")
        admin.message_user(request, sentence, messages.SUCCESS)
    report_refused(admin, request, done.refused)
    return redirect(page)


def _back(request: HttpRequest) -> str:
    """The page that the form was on, if it is a page of ours."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else ""
