"""Admin pages whose history can be read and not reverted."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from simple_history.admin import SimpleHistoryAdmin

from theme.guard import Guarded
from theme.tabs import TemplateTab

Changes = Callable[[Any, Any], Sequence[Any]]
"""The changes from the second entry to the first, in words."""


class ReadOnlyHistoryAdmin(SimpleHistoryAdmin, Guarded):
    """unfold's admin with simple-history's list of changes, but without its page of one change.

    That page saves whatever is posted to it, even for users who may only view the object.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_simple_history"
        return [url for url in super().get_urls() if url.name != name]


class LatestChanges(TemplateTab):
    """A tab with the latest changes to an object, as simple-history has them.

    Subclasses set `model` (the historical one) and `changes`.
    """

    title = "Changes"
    model_name = "changes"
    template = "theme/changes.html"
    shown: ClassVar[int] = 20
    changes: ClassVar[Changes]

    def context(self) -> dict[str, Any]:
        """The latest changes, newest first. One query, and one for who made them."""
        # One more than is shown, to compare the last of them with.
        rows = self.model._default_manager  # noqa: SLF001 - Django's documented API
        found = rows.filter(id=self.object_id).select_related("history_user")
        entries = list(found[: self.shown + 1])
        _explain(entries, type(self).changes)
        opts = self.model.instance_type._meta  # type: ignore[attr-defined]  # noqa: SLF001
        return {"page_obj": entries[: self.shown], "are_more": len(entries) > self.shown, "opts": opts}


class ChangesAdmin(ReadOnlyHistoryAdmin):
    """A page with a tab of its latest changes. Save stays on it: it says what would happen.

    Subclasses set `latest_changes`. The page of all changes describes them as that tab does.
    """

    latest_changes: ClassVar[type[LatestChanges]]

    def get_changeform_datasets(self, request: HttpRequest) -> list[Any]:
        """The tab; none while an object is added."""
        is_there = request.resolver_match and "object_id" in request.resolver_match.kwargs
        return [self.latest_changes] if is_there else []

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, *_: Any) -> None:
        _explain(list(historical_records), self.latest_changes.changes)

    def response_add(
        self, request: HttpRequest, obj: Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        usual: HttpResponse = super().response_add(request, obj, post_url_continue)
        return self._stay(request, obj) if "_save" in request.POST else usual

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        usual: HttpResponse = super().response_change(request, obj)
        return self._stay(request, obj) if "_save" in request.POST else usual

    def _stay(self, request: HttpRequest, shown: Model) -> HttpResponse:
        """To the object's own page; *Close* still leads back to the filtered list."""
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[shown.pk])
        kept = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return HttpResponseRedirect(add_preserved_filters(kept, page))


def _explain(entries: Sequence[Any], changes: Changes) -> None:
    """Set `history_delta_changes` on each entry but the last. Entries are newest first."""
    for newer, older in pairwise(entries):
        newer.history_delta_changes = changes(newer, older)
