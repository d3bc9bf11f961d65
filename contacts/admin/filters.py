"""The filters of the list of clinicians."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter

from contacts import problems
from contacts.lookalikes import departments
from contacts.models import Clinician
from contacts.problems import Problem


class DepartmentFilter(DropdownFilter):
    """All departments, each in one spelling. Choosing one finds all its spellings. One query for each use."""

    title = "department"
    parameter_name = "department"

    def has_output(self) -> bool:
        return True  # Django ignores a filter without choices, and would show everybody

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if request.method == "POST":
            return []  # a page of an action shows no filters, and Django makes them twice
        return [(name, name) for name in departments.one_spelling_each()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if not wanted:
            return queryset
        return queryset.filter(department__in=departments.spellings_of([wanted]))


class ActiveFilter(RadioFilter):
    """Active or inactive."""

    title = "state"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Active"), ("no", "Inactive")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> QuerySet[Clinician]:
        wanted = self.value()
        if not wanted:
            return queryset
        return queryset.filter(active=wanted == "yes") if wanted in {"yes", "no"} else queryset.none()


class ProblemFilter(RadioFilter):
    """Problems with how clinicians can be reached."""

    title = "problem"
    parameter_name = "problem"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Any problem"), *Problem.choices, ("none", "No problem")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> QuerySet[Clinician]:
        value = self.value()
        if not value:
            return queryset
        if value in ("any", "none"):
            found = _keys(problems.any_condition())
            return queryset.filter(found) if value == "any" else queryset.exclude(found)
        if value in Problem.values:
            return queryset.filter(_keys(problems.condition(Problem(value))))
        return queryset.none()


def _keys(condition: Q) -> Q:
    """The same condition by keys. They are looked up once, and not in each statement of the list. One query."""
    return Q(pk__in=list(Clinician.objects.filter(condition).order_by().values_list("pk", flat=True)))
