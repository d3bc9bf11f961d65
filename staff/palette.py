"""The search of Ctrl-K: clinicians, alerts by the start of their message ID, and pages, as far as the user may see
them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alerts.admin.permissions import visible_to
from contacts.admin.search import matching
from contacts.models import Clinician
from staff.navigation import sidebar

MOST = 8
"""How many of each kind: for more, people type more letters."""
LONGEST = 200


@dataclass(frozen=True)
class Found:
    """One line of the result."""

    text: str
    detail: str
    url: str


def find_view(request: HttpRequest) -> HttpResponse:
    """Answer with the results. The term is posted, because browsers, proxies and logs keep addresses."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return JsonResponse({"groups": find(request, request.POST.get("term", ""))})


def find(request: HttpRequest, term: str) -> list[dict[str, Any]]:
    """Groups with a title and their items, ready for JSON. One query for each kind."""
    term = term.strip()[:LONGEST]
    if "\0" in term:  # which PostgreSQL cannot compare
        return []
    groups: list[tuple[str, list[Found]]] = []
    if term and request.user.has_perm("contacts.view_clinician"):
        groups.append(("Clinicians", list(_clinicians(term))))
    if term:
        groups.append(("Alerts", list(_alerts(request.user, term))))
    groups.append(("Pages", list(_pages(request, term))))
    return [{"title": title, "items": [asdict(item) for item in items]} for title, items in groups if items]


def _clinicians(term: str) -> Iterator[Found]:
    for each in Clinician.objects.filter(matching(term))[:MOST]:
        details = (each.role, each.department, "" if each.active else "inactive")
        url = reverse("admin:contacts_clinician_change", args=[each.pk])
        yield Found(str(each), " · ".join(filter(None, details)), url)


def _alerts(user: User | AnonymousUser, term: str) -> Iterator[Found]:
    alerts = visible_to(user).without_tests().filter(message_id__startswith=term).select_related("clinician")
    for each in alerts.order_by("message_id")[:MOST]:
        at = date_format(timezone.localtime(each.created_at), "j F Y, H:i")
        detail = f"{each.get_priority_display()} · {each.clinician.name} · {at}"
        yield Found(each.message_id, detail, reverse("admin:alerts_alert_change", args=[each.pk]))


def _pages(request: HttpRequest, term: str) -> Iterator[Found]:
    for group in sidebar(request):
        for item in group["items"]:
            if term.casefold() in item["title"].casefold():
                yield Found(item["title"], "", item["link"])
