"""Lists whose filters take only what PostgreSQL can compare."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from unfold.admin import ModelAdmin

NUL = "\0"


class ComparableFilters(ModelAdmin):
    """Refuses the character NUL, which PostgreSQL cannot store. Django then redirects to the whole list."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        if any(NUL in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)
