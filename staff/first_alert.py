"""The first alert, sent from Home while there is none: to somebody whom the user picks, through the usual intake."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from alerts import intake, wording as alert_wording
from alerts.models import Alert
from clients import sample
from clients.models import ApiClient
from contacts import route_words
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Route, route

PERMISSIONS = ("contacts.send_test", "alerts.view_alert")
CLIENT = "Sent from Bleep's pages"
"""The hospital system of this alert. It is not a real one, and nobody has a token for it."""
MESSAGE_ID = "first-alert"
"""The message ID. It is always the same, so that a second click sends nothing."""
DESCRIPTION = "This is the first alert from Bleep, to see that it arrives. No action is needed. Patient"


class FirstAlertForm(forms.Form):
    """The form: who gets it, and how urgent it is."""

    contact_id = forms.CharField(
        label="Contact ID",
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of a clinician who knows about this test, such as yourself.",
    )
    priority = forms.ChoiceField(choices=Priority, initial=Priority.LOW, widget=UnfoldAdminSelectWidget)
    clinician: Clinician
    way: Route

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError if nobody would be reached."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            found = Clinician.objects.filter(contact_id=data["contact_id"]).first()
            if found is None:
                raise forms.ValidationError("There is no clinician with this contact ID.")
            self.clinician, self.way = found, route(found, Priority(data["priority"]))
            if self.way.reason:
                raise forms.ValidationError(self.way.reason.label)
        return data


def is_missing(user: User | AnonymousUser) -> bool:
    """Whether there is no alert yet, and this user may send the first. At most one query."""
    return user.has_perms(PERMISSIONS) and not Alert.objects.without_tests().exists()


def demo() -> dict[str, str] | None:
    """The text for Home's button if there are handsets: to whom, how urgent, and what will happen. Two queries."""
    if not settings.HANDSETS_URL:
        return None
    form = FirstAlertForm({"contact_id": sample.ALERT["contact_id"], "priority": sample.ALERT["priority"]})
    return {**form.data, "what": what_happens(form)} if form.is_valid() else None


def what_happens(form: FirstAlertForm) -> str:
    """A sentence that says who would be reached, and how."""
    return f"{form.clinician} gets it by {route_words.describe(form.way)}."


def view(request: HttpRequest) -> HttpResponse:
    """Pick somebody, see what will happen, confirm."""
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    if not is_missing(request.user):
        messages.info(request, "There are alerts already, so there is no first one to send.")
        return HttpResponseRedirect(reverse("admin:index"))
    form = FirstAlertForm(request.POST or None)
    is_valid = form.is_valid()
    if is_valid and request.POST.get("confirmed") == "yes":
        return _send(request, form)
    context = {"form": form, "what": what_happens(form) if is_valid else "", "title": "Send a first alert"}
    return TemplateResponse(
        request, "staff/first_alert.html", {**admin.site.each_context(request), **context}
    )


def _send(request: HttpRequest, form: FirstAlertForm) -> HttpResponse:
    client, _is_new = ApiClient.objects.get_or_create(name=CLIENT)
    new = intake.NewAlert(
        message_id=MESSAGE_ID,
        type="first_alert",
        patient_id=alert_wording.TEST_PATIENT,
        contact_id=form.clinician.contact_id,
        description=DESCRIPTION,
        priority=Priority(form.cleaned_data["priority"]),
    )
    try:
        alert = intake.accept(client=client, new=new).alert
    except (intake.Conflict, intake.Unreachable):
        messages.error(request, "Nothing was sent: somebody has just changed what it depends on. Try again.")
        return HttpResponseRedirect(reverse("admin:index"))
    messages.success(request, _sent(form))
    return HttpResponseRedirect(reverse("admin:alerts_alert_change", args=[alert.pk]))


def _sent(form: FirstAlertForm) -> str:
    if not settings.HANDSETS_URL:
        return f"The first alert is stored. {what_happens(form)} This page shows what becomes of it."
    return format_html(
        'The first alert is stored. {} This page shows what becomes of it, and the <a class="underline" href="{}">'
        "handsets</a> what arrives.",
        what_happens(form),
        settings.HANDSETS_URL,
    )
