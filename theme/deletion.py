"""Explains why a record cannot be deleted, if other records refer to it, and what to do instead."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.admin.utils import model_ngettext, quote
from django.db.models import PROTECT, RESTRICT, Count, Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from unfold.admin import ModelAdmin


class KeptIfNamed(ModelAdmin):
    """Says why a record is kept, and links to its page. Django would list every record that refers to it."""

    instead: ClassVar[str]
    """What to do instead on the record's page, as a sentence."""

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Django's list, but with one sentence for each record that has to stay. One query for each kind of record."""
        wanted = list(objs)
        named = _named(self.model, wanted)
        if not named:
            usual: tuple[list[Any], dict[Any, int], set[Any], list[Any]] = super().get_deleted_objects(
                wanted, request
            )
            return usual
        return [], {}, set(), [self._sentence(each, named[each.pk]) for each in wanted if each.pk in named]

    def _sentence(self, record: Model, by: list[str]) -> SafeString:
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(record.pk)])
        return format_html(
            '<a class="underline" href="{}">{}</a> is named by {}. {}',
            page,
            record,
            get_text_list(by, "and"),
            self.instead,
        )


def _named(model: type[Model], records: Sequence[Model]) -> dict[Any, list[str]]:
    """By key: the records that refer to it and may not be deleted with it, such as “3 alerts”."""
    found: dict[Any, list[str]] = {}
    for relation in model._meta.related_objects:  # noqa: SLF001 - Django's documented API
        if relation.on_delete not in (PROTECT, RESTRICT):
            continue
        field, options = relation.field.name, relation.related_model._meta  # noqa: SLF001
        others: Any = relation.related_model._base_manager.filter(**{f"{field}__in": records})  # noqa: SLF001
        for key, count in others.order_by().values_list(field).annotate(Count("pk")):
            found.setdefault(key, []).append(f"{count:,} {model_ngettext(options, count)}")
    return found
