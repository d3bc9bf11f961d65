"""Extra tabs on an object's page."""

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
