"""The filters that are set in a list, in words."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from django.contrib.admin.views.main import ChangeList


@runtime_checkable
class InWords(Protocol):
    """A filter that says itself what was asked for."""

    def in_words(self) -> str:
        """What was asked for; empty if nothing was."""


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that was set."""

    title: str
    words: str
    without: str
    """The list's query string without this filter, from its question mark."""


def active_filters(changelist: ChangeList) -> list[ActiveFilter]:
    """The filters that a list is filtered by, in the order of its filters. Asks the database nothing."""
    return [
        ActiveFilter(
            title=str(spec.title),
            words=words,
            without=changelist.get_query_string(remove=[name for name in spec.expected_parameters() if name]),
        )
        for spec in changelist.filter_specs
        if (words := _in_words(spec, changelist))
    ]


def _in_words(spec: Any, changelist: ChangeList) -> str:
    if isinstance(spec, InWords):
        return spec.in_words()
    labels = _labels(spec)
    asked = [
        value
        for name in spec.expected_parameters()
        for value in changelist.filter_params.get(name, [])
        if value != ""
    ]
    return " or ".join(labels.get(value, value) for value in asked)


def _labels(spec: Any) -> dict[str, str]:
    """The words for the values that a filter of Django or unfold knows."""
    choices = getattr(spec, "lookup_choices", None)
    if choices is None:
        choices = spec.field.flatchoices or [("1", "Yes"), ("0", "No")]
    return {str(value): str(label) for value, label in choices}
