"""The item on Home about refused High alerts: for whom they were, from which system, how many, since when."""

from collections.abc import Iterator

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Window
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alerts.attention import EXAMPLES
from alerts.models import Refusal
from contacts.choices import Priority
from contacts.models import Clinician
from staff.home.items import Item, Link
from staff.home.reader import Reader

MARK_SEEN = "alerts.see_refusal"
REFUSALS = "admin:alerts_refusal_changelist"
REFUSAL = "admin:alerts_refusal_change"


def high() -> list[Refusal]:
    """The newest open rows of High priority, each with its clinician's name and the `total` of such rows. One query."""
    names = Clinician.objects.filter(contact_id=OuterRef("contact_id")).values("name")
    found: QuerySet[Refusal] = Refusal.objects.open().filter(priority=Priority.HIGH).select_related("client")
    return list(
        found.annotate(name=Subquery(names[:1]), total=Window(Count("pk"))).order_by(F("last_at").desc())[
            :EXAMPLES
        ]
    )


def of_high(found: list[Refusal], reader: Reader) -> Iterator[Item]:
    if found:
        total: int = found[0].total  # type: ignore[attr-defined]  # annotated by `high`
        yield Item(
            "refused alerts",
            "Alerts of High priority were refused, and nobody was told.",
            "Reach the clinician another way, and open each line: it says why, and what to do. "
            + reader.advice(
                MARK_SEEN,
                "Then select it in the list and mark it as seen.",
                else_ask="to select it in the list then, and to mark it as seen",
            ),
            count=total,
            links=tuple(Link(_line(each), reverse(REFUSAL, args=[each.pk])) for each in found),
            more=total - len(found),
            show_all=Link("Show all refused alerts", f"{reverse(REFUSALS)}?state=open&priority__exact=H"),
        )


def _line(refusal: Refusal) -> str:
    contact = refusal.contact_id or "no contact ID that could be read"
    name: str | None = refusal.name  # type: ignore[attr-defined]  # annotated by `high`
    who = f"{name} ({contact})" if name else contact
    since = timezone.localtime(refusal.first_at)
    at = date_format(since, "H:i" if since.date() == timezone.localdate() else "j F, H:i")
    times = f"{refusal.requests:,} time{pluralize(refusal.requests)}"
    return f"{who}, by {refusal.client}: {times} since {at}"
