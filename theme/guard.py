"""Refuses keys, filters and characters in addresses and forms that PostgreSQL could not take."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

NUL = "\0"
"""PostgreSQL cannot store this character, nor compare anything with it."""
_KEYS = frozenset({"object_id", "id"})
"""What the admin's addresses call the key of a row."""
_MOST_DIGITS = 18
"""Digits that always fit into a bigint."""


def is_key(text: str) -> bool:
    """Whether it can be the key of a row: all of ours are numbers. Not `1_0`, which Python reads as 10."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def guarded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the admin that passes on only keys and characters that the database can take.

    Anything else is not found (404). A list is shown without the part that cannot be read.
    """

    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not all(is_key(kwargs[name]) for name in _KEYS & kwargs.keys()) or _names_no_field(request):
            raise Http404
        if _has_nul(request) or not _are_keys_selected(request):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return view(request, *args, **kwargs)

    return look


def _names_no_field(request: HttpRequest) -> bool:
    """Django checks the field by which a row is to be found, but not one without a name."""
    return any(given.get(TO_FIELD_VAR) == "" for given in (request.GET, request.POST))


def _has_nul(request: HttpRequest) -> bool:
    return any(NUL in text for name, values in request.GET.lists() for text in (name, *values))


def _are_keys_selected(request: HttpRequest) -> bool:
    return request.method != "POST" or all(map(is_key, request.POST.getlist(ACTION_CHECKBOX_NAME)))


class OfferedFilters(ChangeList):
    """A list that is filtered by what it offers.

    Django takes any look-up of any field from the address: `name__regex`, or a field of another model, from which
    somebody could guess what they may not see.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        if found[2]:  # what no filter has taken
            raise IncorrectLookupParameters
        return found


class Guarded(ModelAdmin):
    """For all admins of models."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        return OfferedFilters
