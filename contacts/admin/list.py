"""The list of clinicians in the admin."""

from typing import Any

from django.contrib.admin import ShowFacets
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from contacts import preferences, problems
from contacts.admin import search
from contacts.admin.filters import ActiveFilter, DepartmentFilter, ProblemFilter
from contacts.admin.priority_columns import by_priority
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from theme.guard import Guarded, OfferedFilters


def _icons(clinician: Clinician, priority: Priority) -> SafeString:
    """The channels in order, as icons, with the same in words for screen readers."""
    channels = preferences.channels_by_priority(clinician)[priority]
    if not channels:
        return format_html('<span class="clinician-no-channel">{}</span>', "none")
    known = clinician.known_obstacles()
    doubts = {channel: "does not work" for channel in channels if channel in known}
    if Channel.EMAIL in channels and problems.subscription_doubts(clinician):
        doubts[Channel.EMAIL] = "not confirmed"
    doubts |= {channel: "no address" for channel in channels if not clinician.address(channel)}
    icons = format_html_join(
        "",
        '<span class="material-symbols-outlined {}" aria-hidden="true">{}</span>',
        (("clinician-no-address" if channel in doubts else "", channel.facts.icon) for channel in channels),
    )
    words = ", then ".join(
        f"{channel.label} ({doubts[channel]})" if channel in doubts else channel.label for channel in channels
    )
    return format_html(
        '<span class="clinician-channels" role="img" aria-label="{}" title="{}">{}</span>',
        words,
        words,
        icons,
    )


class ClinicianChangeList(OfferedFilters):
    """The list. Its rows are counted once: counting all of them beside those that are shown takes as long again."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class ClinicianList(Guarded):
    """The columns, filters and search of the list."""

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
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # counting each problem would be slow
    search_fields = (*search.WORDS_IN, *search.NUMBERS_IN)
    search_help_text = "Name, contact ID, number or e-mail"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ClinicianChangeList]:
        return ClinicianChangeList

    @property
    def media(self) -> Media:
        media: Media = super().media
        return media + Media(css={"all": ["contacts/clinicians.css"]})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Clinician], search_term: str
    ) -> tuple[QuerySet[Clinician], bool]:
        return (queryset.filter(search.matching(search_term)) if search_term.strip() else queryset), False

    @display(description="State", ordering="active", label={"Active": "success", "Inactive": "danger"})
    def state(self, clinician: Clinician) -> str:
        return "Active" if clinician.active else "Inactive"

    high_icons, medium_icons, low_icons = by_priority(_icons)

    @display(description="What is wrong")
    def what_is_wrong(self, clinician: Clinician) -> Any:
        found = problems.sentences(clinician)
        if not found:
            return "—"
        lines = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in found))
        return format_html('<ul class="clinician-problems">{}</ul>', lines)
