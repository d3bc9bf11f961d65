"""One change log across everything: the histories, what staff did about alerts, roles and tokens.

A few statements for each page, one or two for each source, and each reads its newest rows by index.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from alerts.models import AlertAction
from audit.models import Event, EventName
from contacts import history as of_clinicians
from oncall import history as of_plans

SECURITY = (
    EventName.ROLE_CHANGED,
    EventName.PERMISSION_CHANGED,
    EventName.PASSWORD_CHANGED,
    EventName.TOKEN_ISSUED,
    EventName.TOKEN_ROTATED,
    EventName.TOKEN_REVOKED,
)
OF_HISTORY = {"+": "Added", "~": "Changed", "-": "Deleted"}
OF_LOG_ENTRIES = {1: "Added", 2: "Changed", 3: "Deleted"}


@dataclass(frozen=True)
class Asked:
    """The changes to look for: of a span, perhaps of one user, newest first."""

    since: datetime
    until: datetime
    user_id: int | None
    most: int

    def of(self, rows: QuerySet[Any], *, at: str, user: str) -> QuerySet[Any]:
        """The rows of a table that match."""
        found = rows.filter(**{f"{at}__gte": self.since, f"{at}__lt": self.until})
        if self.user_id is not None:
            found = found.filter(**{f"{user}_id": self.user_id})
        return found.select_related(user).order_by(f"-{at}", "-pk")[: self.most]


@dataclass(frozen=True)
class Change:
    """One line of the log."""

    at: datetime
    user: Any
    kind: str
    object_id: str
    what: str
    details: tuple[str, ...] = ()


def read(asked: Asked, *, source: str = "") -> list[Change]:
    """The newest changes, of one source or of all."""
    chosen = [SOURCES[source]] if source else [each for name, each in SOURCES.items() if name not in PART_OF]
    found = [change for each in chosen for change in each(asked)]
    return sorted(found, key=lambda change: change.at, reverse=True)[: asked.most]


def _of_history(
    app: str, model: str, explain: Callable[[Any, Any], Iterable[Any]] | None = None
) -> Callable[[Asked], Iterator[Change]]:
    def changes(asked: Asked) -> Iterator[Change]:
        return _entries(apps.get_model(app, f"Historical{model}"), asked, f"{app}.{model.lower()}", explain)

    return changes


def _preferences(asked: Asked) -> Iterator[Change]:
    """The changes of clinicians that changed a channel of a priority."""
    entries = apps.get_model("contacts", "HistoricalClinician")
    changed = entries.objects.annotate(channels_before=Subquery(_before(entries).values("channels")[:1]))
    changed = changed.filter(Q(channels_before=None) | ~Q(channels=F("channels_before")))
    return _entries(entries, asked, "contacts.clinician", of_clinicians.changes, rows=changed)


def _entries(
    entries: Any,
    asked: Asked,
    kind: str,
    explain: Callable[[Any, Any], Iterable[Any]] | None,
    rows: QuerySet[Any] | None = None,
) -> Iterator[Change]:
    rows = entries.objects.all() if rows is None else rows
    rows = rows.annotate(before=Subquery(_before(entries).values("history_id")[:1]))
    found = list(asked.of(rows, at="history_date", user="history_user"))
    before = entries.objects.in_bulk([each.before for each in found if each.before]) if explain else {}
    for each in found:
        older = before.get(each.before)
        details = (
            [f"{one.field}: {one.old}, now {one.new}" for one in explain(each, older)]
            if explain and older
            else []
        )
        reason = [each.history_change_reason] if each.history_change_reason else []
        yield Change(
            each.history_date,
            each.history_user,
            kind,
            str(each.id),
            OF_HISTORY[each.history_type],
            (*details, *reason),
        )


def _before(entries: Any) -> QuerySet[Any]:
    """The entry before the outer one, for the same object."""
    earlier: QuerySet[Any] = entries.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
    return earlier.order_by("-history_id")


def _of_alerts(asked: Asked) -> Iterator[Change]:
    """The actions of staff on alerts, without their notes."""
    for each in asked.of(AlertAction.objects.all(), at="created_at", user="by"):
        yield Change(each.created_at, each.by, "alerts.alert", str(each.alert_id), each.get_action_display())


def _of_security(asked: Asked) -> Iterator[Change]:
    for each in asked.of(Event.objects.filter(name__in=SECURITY), at="at", user="user"):
        details = (each.detail,) if each.detail else ()
        yield Change(each.at, each.user, each.kind, each.object_id, each.get_name_display(), details)


def _of_templates(asked: Asked) -> Iterator[Change]:
    """Changes of preference templates, which have no history of their own: from the admin's log."""
    log = LogEntry.objects.filter(
        content_type__app_label="contacts", content_type__model="preferencetemplate"
    )
    for each in asked.of(log, at="action_time", user="user"):
        what = OF_LOG_ENTRIES[each.action_flag]
        yield Change(
            each.action_time,
            each.user,
            "contacts.preferencetemplate",
            each.object_id or "",
            what,
            (each.object_repr,),
        )


SOURCES: dict[str, Callable[[Asked], Iterator[Change]]] = {
    "preferences": _preferences,
    "clinicians": _of_history("contacts", "Clinician", of_clinicians.changes),
    "templates": _of_templates,
    "plans": _of_history("oncall", "Plan", of_plans.changes),
    "covers": _of_history("oncall", "Cover"),
    "clients": _of_history("clients", "ApiClient"),
    "alerts": _of_alerts,
    "security": _of_security,
}
LABELS = {
    "preferences": "Preferences of clinicians",
    "clinicians": "Clinicians",
    "templates": "Preference templates",
    "plans": "Plans",
    "covers": "Away and cover",
    "clients": "API clients",
    "alerts": "What staff did about alerts",
    "security": "Roles, permissions, passwords, tokens",
}
PART_OF = {"preferences": "clinicians"}
"""Models whose changes come from another source already."""
