"""Tags for our templates of lists."""

from django import template
from django.contrib.admin.views.main import ChangeList

from theme import filters

register = template.Library()


@register.simple_tag
def active_filters(changelist: ChangeList) -> list[filters.ActiveFilter]:
    """See `theme.filters`."""
    return filters.active_filters(changelist)
