"""A clinician's page with what the staff's site adds: whether messages can arrive, channel tests, and recent alerts.

The page loads reachability and test results after it is shown. URLs contain the clinician's id and never an address.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path, reverse

from alerts import channel_tests, labels
from alerts.admin.permissions import may_see_some, visible_to
from alerts.channels import ADAPTERS
from alerts.states import Reason
from contacts import obstacles, problems, route_words
from contacts.admin.clinician import ClinicianAdmin
from contacts.choices import Channel, ObstacleKind
from contacts.models import Clinician
from contacts.subscriptions import words
from staff.clinician import away, confirmation, reachability
from staff.clinician.alerts_tab import AlertsTab

SEND_TEST = "contacts.send_test"

OBSTACLE = {
    Reason.OPTED_OUT: "Nothing arrives here: this number has opted out of SMS. The person must opt in again.",
}
TEST = {
    Channel.CALL: "Call {} now?",
    Channel.SMS: "Send an SMS to {} now?",
    Channel.EMAIL: "Send an e-mail to {} now?",
}
"""The question before a test, with the address."""
WHY = {Reason.OPTED_OUT: "opted out"}
"""The obstacle in a few words, for “What would happen now”."""
KNOWN = "Messages do not arrive here: {}. Alerts use this channel last."
NOT_KNOWN = "Bleep cannot tell whether messages arrive: AWS did not answer. Reload the page in a minute."


class StaffClinicianAdmin(ClinicianAdmin):
    """The admin of clinicians, with reachability, tests and alerts."""

    change_form_after_template = "staff/clinician/after.html"
    change_form_outer_after_template = "staff/clinician/away.html"

    class Media:
        css: ClassVar = {"all": ("staff/clinician.css",)}
        js = (Script("staff/clinician.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        def view(suffix: str, answer: Any, name: str) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(answer)
            found: URLPattern = path(f"<path:object_id>/{suffix}", wrapped, name=f"contacts_clinician_{name}")
            return found

        return [
            view("reachability/<str:channel>/", self.reachability_view, "reachability"),
            view("tests/", self.test_view, "test"),
            view("tests/<int:alert_id>/", self.test_result_view, "test_result"),
            view("confirmation/", self.confirmation_view, "confirmation"),
            *super().get_urls(),
        ]

    def get_changeform_datasets(self, request: HttpRequest) -> list[Any]:
        tabs: list[Any] = super().get_changeform_datasets(request)
        return [AlertsTab, *tabs] if tabs and may_see_some(request.user) else tabs

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        clinician = self.saved(request, kwargs.get("obj"))
        if clinician is not None:
            may_test = request.user.has_perm(SEND_TEST)
            latest = channel_tests.latest(clinician) if may_test else {}
            context["channels"] = [
                _channel_row(clinician, channel, latest.get(channel)) for channel in Channel
            ]
            if clinician.email and request.user.has_perm(confirmation.MAY):
                context["confirmation_url"] = reverse(confirmation.URL, args=[clinician.pk])
            if may_test:
                context["time_zone"] = settings.TIME_ZONE
                context["test_url"] = reverse("admin:contacts_clinician_test", args=[clinician.pk])
            context["asked"] = away.context(request, clinician)
        return super().render_change_form(request, context, *args, **kwargs)

    def reachability_view(self, request: HttpRequest, object_id: str, channel: str) -> HttpResponse:
        """Answer whether AWS delivers to the clinician's saved address on a channel."""
        clinician = self._find(request, object_id)
        if channel not in Channel.values or not _can_be_checked(clinician, Channel(channel)):
            raise Http404
        asked = Channel(channel)
        try:
            obstacle = reachability.obstacle(clinician, asked)
        except reachability.NotKnown:
            known = _known_obstacle(clinician, asked)
            return JsonResponse(
                {"kind": "risk", "sentence": known, "why": ""}
                if known
                else {"kind": "unknown", "sentence": NOT_KNOWN}
            )
        doubt = clinician.number_doubt(asked)
        if obstacle is None and doubt:
            return JsonResponse({"kind": "risk", "sentence": f"This number {doubt.label}.", "why": ""})
        if obstacle is None:
            return JsonResponse({"kind": "good", "sentence": ADAPTERS[asked].address_is_good})
        sentence = OBSTACLE.get(obstacle, str(labels.REASON[obstacle]))
        return JsonResponse({"kind": "risk", "sentence": sentence, "why": WHY.get(obstacle, "")})

    def confirmation_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page on which staff have the e-mail address confirmed."""
        return confirmation.page(self, request, self._find(request, object_id, confirmation.MAY))

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a test over the posted channel. Answers with the URL of its result."""
        clinician = self._find(request, object_id, SEND_TEST)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = request.POST.get("channel", "")
        if channel not in Channel.values:
            raise Http404
        try:
            alert = channel_tests.send_test(
                clinician=clinician, channel=Channel(channel), by=request.user.get_username()
            )
        except channel_tests.NotSent as refused:
            return JsonResponse({"kind": "error", "sentence": str(refused), "is_final": True})
        self.log_change(request, clinician, f"Sent a test: {Channel(channel).label}.")
        return JsonResponse({"result": _result_url(clinician, alert.pk)})

    def test_result_view(self, request: HttpRequest, object_id: str, alert_id: int) -> HttpResponse:
        """Answer with the result of a test so far."""
        clinician = self._find(request, object_id, SEND_TEST)
        result = channel_tests.result(clinician, alert_id)
        if result is None:
            raise Http404
        answer = {"kind": _kind(result), "sentence": result.sentence, "is_final": result.is_final}
        if visible_to(request.user).filter(pk=alert_id).exists():
            answer["alert"] = reverse("admin:alerts_alert_change", args=[alert_id])
        return JsonResponse(answer)

    def _find(self, request: HttpRequest, object_id: str, permission: str | None = None) -> Clinician:
        """The clinician, if the user may see them and has the permission."""
        if not self.has_view_permission(request) or (permission and not request.user.has_perm(permission)):
            raise PermissionDenied
        clinician: Clinician | None = self.get_object(request, unquote(object_id))
        if clinician is None:
            raise Http404
        return clinician


def _can_be_checked(clinician: Clinician, channel: Channel) -> bool:
    return ADAPTERS[channel].check_address is not None and bool(clinician.address(channel))


def _channel_row(
    clinician: Clinician, channel: Channel, latest: channel_tests.Result | None
) -> dict[str, Any]:
    """The data of one channel on the page."""
    address = clinician.address(channel)
    can_ask = _can_be_checked(clinician, channel)
    return {
        "channel": channel,
        "label": channel.label,
        "field": channel.facts.address_field,
        "address": address,
        "shown": route_words.readable_address(channel, address),
        "known": _known_obstacle(clinician, channel),
        "subscription": words.sentence(clinician.email_subscription())
        if channel is Channel.EMAIL and address
        else "",
        "is_confirmed": problems.subscription_doubts(clinician) == [],
        "question": TEST[channel].format(route_words.readable_address(channel, address)),
        "reachability_url": reverse(
            "admin:contacts_clinician_reachability", args=[clinician.pk, channel.value]
        )
        if can_ask
        else "",
        "latest": latest,
        "latest_kind": latest and _kind(latest),
        "latest_url": _result_url(clinician, latest.alert_id) if latest and not latest.is_final else "",
    }


def _known_obstacle(clinician: Clinician, channel: Channel) -> str:
    """The obstacle that a provider reported before, as a sentence; empty if none is known."""
    known = clinician.known_obstacles().get(channel)
    if known is None:
        return ""
    return KNOWN.format(obstacles.in_words(channel, ObstacleKind(known.kind), known.since))


def _kind(result: channel_tests.Result) -> str:
    return "good" if result.went_well else "error" if result.is_final else "waiting"


def _result_url(clinician: Clinician, alert_id: int) -> str:
    return reverse("admin:contacts_clinician_test_result", args=[clinician.pk, alert_id])
