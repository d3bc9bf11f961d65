"""The page on which staff have a clinician's e-mail address confirmed."""

from typing import Any

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from alerts.subscriptions import confirming
from alerts.subscriptions.confirming import NotConfirmed
from contacts.models import Clinician
from contacts.subscriptions import notes, words

MAY = "contacts.change_clinician"
URL = "admin:contacts_clinician_confirmation"
ASKED_AGAIN = "A relay has AWS send the e-mail with the link within seconds."
NOT_AGAIN = (
    "Nothing was sent: the address is confirmed, or AWS was asked to write to it less than a minute ago."
)
CONFIRMED = "The address is confirmed. Only your AWS account can unsubscribe it."
NO_ADDRESS = "This clinician has no e-mail address."

log = structlog.get_logger(__name__)


def page(model_admin: ModelAdmin, request: HttpRequest, clinician: Clinician) -> HttpResponse:
    """The page. It shows the state of the subscription. In a POST, `action` is `again`, or `link` with a `link`."""
    known = clinician.email_subscription()
    if request.method == "POST":
        if _do(model_admin, request, clinician):
            return redirect(reverse("admin:contacts_clinician_change", args=[clinician.pk]))
        return redirect(reverse(URL, args=[clinician.pk]))
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": clinician,
        "title": "E-mail confirmation",
        "back": reverse("admin:contacts_clinician_change", args=[clinician.pk]),
        "sentence": words.sentence(known) if clinician.email else NO_ADDRESS,
        "invited": words.invited(known),
        "is_open": bool(clinician.email) and not (known and known.is_confirmed),
        "only_account": bool(known and known.is_confirmed and known.only_account_unsubscribes),
    }
    return TemplateResponse(request, "staff/clinician/confirmation.html", context)


def _do(model_admin: ModelAdmin, request: HttpRequest, clinician: Clinician) -> bool:
    """Whether it was done; a message says so."""
    known = clinician.email_subscription()
    action = request.POST.get("action", "")
    if action == "link":
        try:
            confirming.confirm(known, request.POST.get("link", ""))
        except NotConfirmed as error:
            model_admin.message_user(request, str(error), messages.ERROR)
            return False
        said, done = "Confirmed the e-mail address with the link.", CONFIRMED
    elif known is not None and notes.want_again(known):
        said, done = "Had AWS send the e-mail confirmation again.", ASKED_AGAIN
    else:
        model_admin.message_user(request, NOT_AGAIN, messages.WARNING)
        return False
    model_admin.log_change(request, clinician, said)
    log.info("subscription.handled", clinician_id=clinician.pk, action=action, user_id=request.user.pk)
    model_admin.message_user(request, done, messages.SUCCESS)
    return True
