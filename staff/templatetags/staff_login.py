"""Tags for the templates of logins: allauth's fields and buttons in the theme's look."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.forms import BoundField
from unfold.widgets import INPUT_CLASSES

register = template.Library()


@register.filter
def in_our_look(field: BoundField) -> BoundField:
    """The field with the theme's classes, and without a placeholder, because it has a label."""
    widget = field.field.widget
    widget.attrs.pop("placeholder", None)
    if not widget.is_hidden and getattr(widget, "input_type", "") != "checkbox":
        widget.attrs["class"] = " ".join(INPUT_CLASSES)
    return field


@register.simple_tag
def field_classes() -> str:
    """The theme's classes of a field."""
    return " ".join(INPUT_CLASSES)


@register.simple_tag
def variant(tags: Sequence[str] | None) -> str:
    """The theme's kind of button for allauth's tags of a button."""
    for tag, kind in (
        ("danger", "danger"),
        ("outline", "default"),
        ("secondary", "default"),
        ("link", "default"),
    ):
        if tag in (tags or ()):
            return kind
    return "primary"


@register.filter
def is_submit(kind: str | None) -> bool:
    """Whether the button sends its form. Scripts listen to the others."""
    return kind == "submit"


@register.filter
def only_id(attrs: dict[str, Any]) -> dict[str, Any]:
    """The attributes by which scripts find the button."""
    found = {"id": attrs["id"]} if "id" in attrs else {}
    return {**found, "type": "button"} if attrs.get("type") == "button" else found
