"""The item on Home about alerts whose tries keep failing: how many, and the most urgent by name."""

from collections.abc import Collection, Iterator

from django.db.models import Case, Count, Q, When, Window
from django.template.defaultfilters import pluralize
from django.urls import reverse

from alerts.admin.filters import IN_VAIN
from alerts.admin.permissions import HANDLE
from alerts.attention import EXAMPLES
from alerts.models import Alert
from alerts.sending import delays
from contacts.choices import Channel, Priority
from staff.home.items import ALERT, ALERTS, Item, Link
from staff.home.reader import Reader
from theme.times import ago

GOES_ON = "Bleep tries again, and goes on to the clinician's next channel in time."
DO = "Open what cannot wait, and reach the person by hand: its page has the numbers."


def first(down: Collection[Channel]) -> list[Alert]:
    """The alerts to look at first, High and then the oldest, with their `total` and the number of `high` ones. One
    query.
    """
    urgency = Case(*[When(priority=each, then=place) for place, each in enumerate(Priority)])
    counted = delays.tried_in_vain(down).annotate(
        total=Window(Count("pk")), high=Window(Count("pk", filter=Q(priority=Priority.HIGH)))
    )
    return list(counted.select_related("clinician").order_by(urgency, "created_at", "pk")[:EXAMPLES])


def of_alerts(found: list[Alert], reader: Reader) -> Iterator[Item]:
    if found:
        total: int = found[0].total  # type: ignore[attr-defined]  # annotated by `first`
        high: int = found[0].high  # type: ignore[attr-defined]  # annotated by `first`
        urgent = f", {high:,} of High priority" if high else ""
        yield Item(
            "in vain",
            f"{total:,} alert{pluralize(total, ' is,s are')} held up because tries keep failing{urgent}.",
            f"{GOES_ON} {reader.advice(HANDLE, DO, else_ask='to reach by hand those who cannot wait')}",
            urgent=high > 0,
            count=total,
            links=tuple(Link(_line(each), reverse(ALERT, args=[each.pk])) for each in found),
            more=total - len(found),
            show_all=Link("Show all whose tries fail", f"{reverse(ALERTS)}?status={IN_VAIN}"),
        )


def _line(alert: Alert) -> str:
    return f"{alert.get_priority_display()}: {alert.clinician.name}, {ago(alert.created_at)}"
