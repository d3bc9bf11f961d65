"""Pages of a list that may have millions of rows: nothing is counted or read that no page shows."""

from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from unfold.views import ChangeList

COUNTED = 1000
"""How many rows are counted beyond the page that is shown. That there are more is said, and not how many."""
DEEPEST = 100_000
"""No page begins after so many rows: filters find what is further back."""


class LongPaginator(Paginator[Any]):
    """Counts the rows before the page, and `COUNTED` more: so many pages are numbered, and then more can be."""

    template_name = "theme/pages.html"
    object_list: Any

    def __init__(self, rows: Any, per_page: int, *, page: int) -> None:
        super().__init__(rows, per_page)
        self._most = min(max(page - 1, 0) * per_page, DEEPEST) + COUNTED

    @cached_property
    def count(self) -> int:
        return min(self._found, self._most)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._found > self._most

    @property
    def counted(self) -> str:
        """How many rows there are, in words: `more than 1,000`."""
        return f"{'more than ' if self.has_more else ''}{self.count:,}"

    @cached_property
    def _found(self) -> int:
        return int(self.object_list.order_by().values("pk")[: self._most + 1].count())

    def page(self, number: int | str) -> Page[Any]:
        """The page. The rows before it are skipped by their keys, without what the list shows of each."""
        number = self.validate_number(number)
        begin = (number - 1) * self.per_page
        rows = self.object_list[begin : begin + self.per_page]
        if number > 1:
            rows = self.object_list.filter(pk__in=list(rows.values_list("pk", flat=True)))
        return Page(rows, number, self)


class LongChangeList(ChangeList):
    """A list with a `LongPaginator`."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.paginator.has_more and request.method == "GET":
            self.result_count = len(
                self.result_list
            )  # so there is no link that selects all, which are too many
        self.full_result_count = self.result_count  # no second count in the heading: it would become stale


def paginator(request: HttpRequest, rows: Any, per_page: int) -> LongPaginator:
    """For a list in the admin, which shows the page that the request asks for."""
    try:
        page = int(request.GET.get(PAGE_VAR, 1))
    except ValueError:
        page = 1
    return LongPaginator(rows, per_page, page=page)
