"""Extra tabs on an object's page."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string


class TemplateTab:
    """A tab rendered by a template, instead of unfold's dataset, which is a list of rows.

    Subclasses set `title`, `model`, `model_name` and `template`, and return the template's context.
    """

    tab = True
    id = None  # unfold looks for the dataset of a posted action by it; there are no actions here
    title: ClassVar[str]
    model: ClassVar[type[Model]]
    model_name: ClassVar[str]
    template: ClassVar[str]

    def __init__(self, request: HttpRequest, extra_context: dict[str, Any] | None) -> None:
        self.request = request
        self.object_id = unquote((extra_context or {}).get("object") or "")

    @property
    def contents(self) -> str:
        context = {"dataset": self, "object_id": self.object_id, **self.context()}
        return render_to_string(self.template, context, request=self.request)

    def context(self) -> dict[str, Any]:
        """What the template shows of the object with `self.object_id`."""
        raise NotImplementedError


class LatestChanges(TemplateTab):
    """The latest changes to an object, as simple-history has them.

    Subclasses set `model` (the historical one), `template` and `explain`, which writes the changes of entries in words.
    """

    title = "Changes"
    model_name = "changes"
    shown: ClassVar[int] = 20
    explain: ClassVar[Callable[[Sequence[Any]], None]]

    def context(self) -> dict[str, Any]:
        """The latest changes, newest first. One query, and one for who made them."""
        # One more than is shown, to compare the last of them with.
        changes = self.model._default_manager  # noqa: SLF001 - Django's documented API
        found = changes.filter(id=self.object_id).select_related("history_user")
        entries = list(found[: self.shown + 1])
        type(self).explain(entries)
        return {"page_obj": entries[: self.shown], "are_more": len(entries) > self.shown}
