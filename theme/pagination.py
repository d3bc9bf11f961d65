"""The pagination of lists that may have millions of rows: only rows that a page shows are counted and read."""

from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from theme.guard import OfferedFilters

COUNTED = 1000
"""How many rows are counted after the page that is shown. If there are more, the list says “more than”."""
DEEPEST = 100_000
"""The last row at which a page may begin: filters find rows further back."""


class LongPaginator(Paginator[Any]):
    """Finds the keys of the page and of `COUNTED` rows after it. The pages of these are numbered; there may be more."""

    template_name = "theme/pages.html"
    object_list: Any

    def __init__(self, rows: Any, per_page: int, *, page: int) -> None:
        super().__init__(rows, per_page)
        self._begin = min(max(page - 1, 0) * per_page, DEEPEST)

    @cached_property
    def count(self) -> int:
        return min(self._found, self._begin + COUNTED)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._found > self.count

    @property
    def counted(self) -> str:
        """How many rows there are, in words: `more than 1,000`."""
        return f"{'more than ' if self.has_more else ''}{self.count:,}"

    @cached_property
    def _keys(self) -> list[Any]:
        """The keys from the beginning of the page on. They are found once, for counting and for showing."""
        return self._keys_of(self._begin, COUNTED + 1)

    @cached_property
    def _found(self) -> int:
        if self._keys or not self._begin:
            return self._begin + len(self._keys)
        return int(self.object_list.order_by().values("pk")[: self._begin].count())

    def page(self, number: int | str) -> Page[Any]:
        """The page. Columns that need other tables are read for its rows alone."""
        number = self.validate_number(number)
        begin = (number - 1) * self.per_page
        ahead = begin - self._begin
        keys = (
            self._keys[ahead : ahead + self.per_page] if ahead >= 0 else self._keys_of(begin, self.per_page)
        )
        return Page(self.object_list.filter(pk__in=keys), number, self)

    def _keys_of(self, begin: int, count: int) -> list[Any]:
        return list(self.object_list.values_list("pk", flat=True)[begin : begin + count])


class LongChangeList(OfferedFilters):
    """A list with a `LongPaginator`."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:  # Django would search for the same rows once more
            self.result_list = self.paginator.page(1).object_list
        if self.paginator.has_more and request.method == "GET":
            self.result_count = len(self.result_list)  # no link that selects all rows, which are too many
        self.full_result_count = self.result_count  # no second count in the heading: it would become stale


def paginator(request: HttpRequest, rows: Any, per_page: int) -> LongPaginator:
    """The paginator of a list in the admin, for the page that the request asks for."""
    try:
        page = int(request.GET.get(PAGE_VAR, 1))
    except ValueError:
        page = 1
    return LongPaginator(rows, per_page, page=page)
