"""Limits managers of departments to the plans and covers of their departments."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from contacts.lookalikes import departments
from contacts.models import ManagedDepartment
from oncall.models import Cover, CoverQuerySet, Plan, PlanChoice, PlanStep

SEES_DEPARTMENTS = "oncall.view_department_plan"


def plans_visible_to(user: User | AnonymousUser) -> QuerySet[Plan]:
    """The plans that the user may see: those of their departments, if they may not see all. Two queries then."""
    if user.has_perm("oncall.view_plan"):
        return Plan.objects.all()
    if not user.has_perm(SEES_DEPARTMENTS):
        return Plan.objects.none()
    names = _managed_by(user)
    theirs = departments.spellings_of(names)
    keys = [departments.fold(name) for name in names]
    for_them = Q(clinician__department__in=theirs) | Q(clinician=None, department_key__in=[*keys, ""])
    used = PlanChoice.objects.filter(for_them, plan=OuterRef("pk"))
    named = PlanStep.objects.filter(plan=OuterRef("pk"), clinician__department__in=theirs)
    return Plan.objects.filter(Exists(used) | Exists(named))


def covers_visible_to(user: User | AnonymousUser) -> CoverQuerySet:
    """The covers that the user may see, by the same rule."""
    if user.has_perm("oncall.view_cover"):
        return Cover.objects.all()
    if not user.has_perm(SEES_DEPARTMENTS):
        return Cover.objects.none()
    theirs = departments.spellings_of(_managed_by(user))
    return Cover.objects.filter(Q(clinician__department__in=theirs) | Q(by__department__in=theirs))


def _managed_by(user: User | AnonymousUser) -> list[str]:
    return list(ManagedDepartment.objects.filter(user=user.pk).values_list("name", flat=True))


class VisibleByDepartment(ModelAdmin):
    """Each user sees only the rows that `visible_to` allows."""

    visible_to: ClassVar[Callable[[User | AnonymousUser], QuerySet[Any]]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        if super().has_view_permission(request):
            return found
        return found.filter(pk__in=type(self).visible_to(request.user).values("pk"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if super().has_view_permission(request, obj):
            return True
        if obj is None:
            return bool(request.user.has_perm(SEES_DEPARTMENTS))
        return type(self).visible_to(request.user).filter(pk=obj.pk).exists()
