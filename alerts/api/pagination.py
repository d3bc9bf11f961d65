"""The pagination of the list, newest first. A page begins after an alert and not after a time, which several alerts may
share.
"""

from datetime import datetime
from typing import Any, NamedTuple, Self

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from alerts.models import Alert

HIGHEST_ID = 2**63 - 1


class Place(NamedTuple):
    """The place of an alert in the order. A later place is a newer alert, and no two alerts share a place."""

    created_at: datetime
    pk: int

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(alert.created_at, alert.pk)

    @classmethod
    def read(cls, written: str) -> Self:
        """Raises ValueError for a text that `str` does not write."""
        time, _, pk = written.partition("/")
        created_at = parse_datetime(time)
        if created_at is None or created_at.tzinfo is None or not (pk.isascii() and pk.isdigit()):
            raise ValueError
        if not 0 < int(pk[:20]) < HIGHEST_ID:
            raise ValueError
        return cls(created_at, int(pk[:20]))

    def __str__(self) -> str:
        return f"{self.created_at.isoformat()}/{self.pk}"

    def newer(self) -> Q:
        """The alerts after this place. The first condition is for the index, which the second alone would not use."""
        after = Q(created_at__gt=self.created_at) | Q(pk__gt=self.pk)
        return Q(created_at__gte=self.created_at) & after

    def older(self) -> Q:
        """Alerts before this place."""
        before = Q(created_at__lt=self.created_at) | Q(pk__lt=self.pk)
        return Q(created_at__lte=self.created_at) & before


class NewestFirst(CursorPagination):
    """Pages that do not shift while new alerts come in. DRF's own repeat and miss alerts with equal times."""

    ordering = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The alerts of the page. `AlertFilterSerializer` has checked the cursor."""
        self.base_url = request.build_absolute_uri()
        size = self.get_page_size(request) or self.page_size
        cursor = self.decode_cursor(request)
        self._from = Place.read(str(cursor.position)) if cursor else None
        self._back = bool(cursor and cursor.reverse)
        if self._from:
            queryset = queryset.filter(self._from.newer() if self._back else self._from.older())
        order = ("created_at", "id") if self._back else self.ordering
        found = list(queryset.order_by(*order)[: size + 1])
        self._has_more = len(found) > size
        self.page = found[:size][::-1] if self._back else found[:size]
        return self.page

    def get_next_link(self) -> str | None:
        """The link to the page with older alerts. After going back there always is one: the page that linked here."""
        if not (self._back or self._has_more):
            return None
        return self._link(Place.of(self.page[-1]) if self.page else self._beside(+1), reverse=False)

    def get_previous_link(self) -> str | None:
        """The page with newer alerts."""
        if not (self._has_more if self._back else self._from):
            return None
        return self._link(Place.of(self.page[0]) if self.page else self._beside(-1), reverse=True)

    def _beside(self, by: int) -> Place:
        """A place beside the cursor of this empty page, so that the link includes the alert at the cursor."""
        assert self._from  # noqa: S101 - only a page with a cursor has a link and no alert
        return self._from._replace(pk=self._from.pk + by)

    def _link(self, place: Place, *, reverse: bool) -> str:
        position: Any = str(place)  # djangorestframework-stubs allows only numbers
        return self.encode_cursor(Cursor(offset=0, reverse=reverse, position=position))
