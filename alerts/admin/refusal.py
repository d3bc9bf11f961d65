"""The register of refused requests in the admin: a list, a page for each row, and *Mark as seen*."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.utils.formats import date_format
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from alerts.admin.permissions import ReadOnly
from alerts.models import Refusal, RefusalReason

OPEN, ACCEPTED, SEEN = "Open", "Accepted later", "Seen"
ADVICE: dict[RefusalReason, str] = {
    RefusalReason.UNKNOWN_CONTACT: "Add the clinician, or tell the owners of the system that this ID is wrong.",
    RefusalReason.INACTIVE: "Mark the clinician as active, or tell the owners of the system whom to alert instead.",
    RefusalReason.NO_PREFERENCE: "Choose a channel for this priority on the clinician's page.",
    RefusalReason.NO_ADDRESS: "Enter a number or an e-mail address on the clinician's page.",
    RefusalReason.EMAIL_UNCONFIRMED: "Have the person open the link that AWS sent them; their page says when, and can "
    "have it sent again. Or choose another channel there.",
    RefusalReason.MESSAGE_ID_TAKEN: "Tell the owners of the system to begin their message IDs with the system's name.",
    RefusalReason.CONFLICT: "Tell the owners of the system to give each alert a message ID of its own.",
    RefusalReason.INVALID: "Tell the owners of the system: each answer named the fields and what is wrong.",
    RefusalReason.UNREADABLE: "Tell the owners of the system: each answer said what could not be read.",
    RefusalReason.READ_ONLY_TOKEN: "Issue a token that may send, and give it to the owners of the system.",
}


class StateFilter(DropdownFilter):
    """By whether staff still have to look at it."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", OPEN), ("accepted", ACCEPTED), ("seen", SEEN)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refusal]) -> QuerySet[Refusal]:
        asked, open_ones = self.value(), Q(seen_at=None)
        if not asked:
            return queryset
        wanted = {
            "open": open_ones & Q(("accepted", False)),
            "accepted": open_ones & Q(("accepted", True)),
            "seen": ~open_ones,
        }
        return queryset.filter(wanted[asked]) if asked in wanted else queryset.none()


@admin.register(Refusal)
class RefusalAdmin(ReadOnly):
    """Nobody edits the register. A row that was seen is a record."""

    list_display = (
        "contact", "priority", "client", "reason", "requests", "first_at", "last_at", "state",
    )  # fmt: skip
    list_filter = (
        StateFilter,
        ("priority", ChoicesCheckboxFilter),
        ("reason", ChoicesCheckboxFilter),
        ("client", RelatedDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("client",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("contact_id", "client__name")
    search_help_text = "Contact ID or hospital system"
    actions = ("mark_seen",)
    fields = (
        "contact", "priority", "client", "reason", "advice", "requests", "message_id_list", "first_at", "last_at",
        "state", "seen_at", "seen_by",
    )  # fmt: skip

    class Media:
        css: ClassVar = {"all": ["theme/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refusal]:
        return Refusal.objects.with_accepted()

    def has_see_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("alerts.see_refusal"))

    @display(description="meant for", ordering="contact_id", empty_value="not known")
    def contact(self, refusal: Refusal) -> str | None:
        return refusal.contact_id or None

    @display(label={OPEN: "danger", ACCEPTED: "success"})
    def state(self, refusal: Refusal) -> str:
        if refusal.seen_at:
            return SEEN
        return ACCEPTED if refusal.accepted else OPEN

    @display(description="what to do")
    def advice(self, refusal: Refusal) -> str:
        return ADVICE[RefusalReason(refusal.reason)]

    @display(description="message IDs", empty_value="not known")
    def message_id_list(self, refusal: Refusal) -> str | None:
        more = [" and more"] if refusal.has_more_ids and refusal.message_ids else []
        return ", ".join(refusal.message_ids) + "".join(more) or None

    @admin.action(description="Mark as seen", permissions=["see"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[Refusal]) -> None:
        chosen = Refusal.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        last = chosen.filter(seen_at=None).order_by("-last_at").values_list("last_at", flat=True).first()
        count = chosen.mark_seen(by=request.user)  # type: ignore[arg-type]  # somebody with a permission
        if not count or last is None:
            self.message_user(request, "These were marked as seen already.")
            return
        until = date_format(localtime(last), "j F, H:i:s")
        self.message_user(
            request,
            f"{count} row{pluralize(count)} marked as seen: what was refused until {until}. "
            "Home shows what is refused from now on.",
        )
