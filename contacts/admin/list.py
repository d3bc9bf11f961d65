"""The list of clinicians in the admin: what it shows of each, and how they are found."""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from contacts import preferences, problems
from contacts.admin import search
from contacts.admin.filters import ActiveFilter, DepartmentFilter, ProblemFilter
from contacts.choices import Channel, Priority
from contacts.models import Clinician

ICONS = {Channel.CALL: "call", Channel.SMS: "sms", Channel.EMAIL: "mail"}
"""Names of Material Symbols; the font comes with unfold."""


def is_nonsense(request: HttpRequest) -> bool:
    """Whether the list is asked for what no page of ours asks: a character that no text has, or nobody's number."""
    asked = (value for values in request.GET.lists() for value in values[1])
    return any("\0" in value for value in asked) or not all(
        chosen.isdecimal() for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)
    )


def whole_list() -> HttpResponse:
    """Where Django, too, leads who asks for what cannot be filtered by."""
    return HttpResponseRedirect(f"{reverse('admin:contacts_clinician_changelist')}?{ERROR_FLAG}=1")


class ListOfClinicians:
    """The part of a ModelAdmin that is its list."""

    list_display = (
        "name",
        "contact_id",
        "department",
        "state",
        "high_icons",
        "medium_icons",
        "low_icons",
        "what_is_wrong",
    )
    list_filter = (DepartmentFilter, ActiveFilter, ProblemFilter)
    list_filter_submit = True
    search_fields = (*search.WORDS_IN, *search.NUMBERS_IN)
    search_help_text = "Name, contact ID, number or e-mail"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if is_nonsense(request):
            return whole_list()
        return super().changelist_view(request, extra_context)  # type: ignore[misc,no-any-return]

    @property
    def media(self) -> Media:
        media: Media = super().media  # type: ignore[misc]
        return media + Media(css={"all": ["contacts/clinicians.css"]})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Clinician], search_term: str
    ) -> tuple[QuerySet[Clinician], bool]:
        return (queryset.filter(search.matching(search_term)) if search_term.strip() else queryset), False

    @display(description="State", ordering="active", label={"Active": "success", "Inactive": "danger"})
    def state(self, clinician: Clinician) -> str:
        return "Active" if clinician.active else "Inactive"

    @display(description="High")
    def high_icons(self, clinician: Clinician) -> SafeString:
        return _icons(clinician, Priority.HIGH)

    @display(description="Medium")
    def medium_icons(self, clinician: Clinician) -> SafeString:
        return _icons(clinician, Priority.MEDIUM)

    @display(description="Low")
    def low_icons(self, clinician: Clinician) -> SafeString:
        return _icons(clinician, Priority.LOW)

    @display(description="What is wrong")
    def what_is_wrong(self, clinician: Clinician) -> Any:
        found = problems.sentences(clinician)
        if not found:
            return "—"
        lines = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in found))
        return format_html('<ul class="clinician-problems">{}</ul>', lines)


def _icons(clinician: Clinician, priority: Priority) -> SafeString:
    """The channels in order, as small pictures; who cannot see them is told the same in words."""
    channels = preferences.channels_by_priority(clinician)[priority]
    if not channels:
        return format_html('<span class="clinician-no-channel">{}</span>', "none")
    pictures = format_html_join(
        "",
        '<span class="material-symbols-outlined {}" aria-hidden="true">{}</span>',
        (
            ("" if clinician.address(channel) else "clinician-no-address", ICONS[channel])
            for channel in channels
        ),
    )
    words = ", then ".join(
        channel.label if clinician.address(channel) else f"{channel.label} (no address)"
        for channel in channels
    )
    return format_html(
        '<span class="clinician-channels" role="img" aria-label="{}" title="{}">{}</span>',
        words,
        words,
        pictures,
    )
