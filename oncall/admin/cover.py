"""Covers in the admin: who is away, and who is asked in their place."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from contacts.models import Clinician
from oncall import covers, words
from oncall.admin.cover_form import CoverForm
from oncall.admin.departments import VisibleByDepartment, covers_visible_to
from oncall.admin.people import ChoosesClinicians
from oncall.models import Cover
from theme.history import ReadOnlyHistoryAdmin


class TimeFilter(RadioFilter):
    """Covers that hold now, are planned, or are over. Without it, all that are not over."""

    title = "time"
    parameter_name = "time"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Away now"), ("planned", "Planned"), ("over", "Over"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Cover]) -> QuerySet[Cover]:
        match self.value():
            case "now":
                return queryset.filter(period__contains=Now())
            case "planned":
                return queryset.filter(period__startswith__gt=Now())
            case "over":
                return queryset.filter(period__endswith__lte=Now())
            case "all":
                return queryset
        return queryset.exclude(period__endswith__lte=Now())


@admin.register(Cover)
class CoverAdmin(ChoosesClinicians, VisibleByDepartment, ReadOnlyHistoryAdmin):
    """The list of covers, and the page of each. A clinician's page leads to them too, and they lead back to it."""

    form = CoverForm
    fields = ("clinician", "begins", "ends", "by", "reason")
    autocomplete_fields = ("clinician", "by")
    list_display = ("clinician", "begins", "ends", "by_in_words", "reason")
    list_filter = (TimeFilter,)
    list_select_related = ("clinician", "by")
    search_fields = ("clinician__search_text", "by__search_text")
    search_help_text = "Name or contact ID"
    warn_unsaved_form = True
    compressed_fields = False
    visible_to = covers_visible_to
    change_form_outer_after_template = "oncall/cover_end.html"

    class Media:
        css: ClassVar = {"all": ("oncall/oncall.css",)}

    @display(description="From", ordering="period__startswith")
    def begins(self, cover: Cover) -> str:
        return words.moment(cover.period.lower)

    @display(description="Until", ordering="period__endswith")
    def ends(self, cover: Cover) -> str:
        return words.moment(cover.period.upper)

    @display(description="Who covers", ordering="by")
    def by_in_words(self, cover: Cover) -> str:
        return str(cover.by) if cover.by else "nobody"

    def get_urls(self) -> list[URLPattern]:
        end = path(
            "<path:object_id>/end/", self.admin_site.admin_view(self.end_view), name="oncall_cover_end"
        )
        return [end, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Cover | None = None) -> Any:
        return ("clinician",) if obj else ()  # somebody else's absence is another cover

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                response: HttpResponse = super().changeform_view(request, *args, **kwargs)
                return response
        except IntegrityError:
            # A colleague has just made one for the same time, or the page was sent twice: now the form sees it.
            again: HttpResponse = super().changeform_view(request, *args, **kwargs)
            return again

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        shown = kwargs.get("obj")
        cover = shown and Cover.objects.not_over().with_now().filter(pk=shown.pk).first()
        if cover and self.has_change_permission(request, cover):
            context["ending"] = {
                "url": reverse("admin:oncall_cover_end", args=[cover.pk]),
                "has_begun": cover.has_begun,
            }
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Cover, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.made_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        for gap in covers.gaps(obj):
            messages.warning(request, words.gap(gap, obj))
        if obj.by and not obj.by.active:
            messages.warning(request, f"{obj.by} is not active, so nobody is asked. Choose somebody else.")

    def response_add(
        self, request: HttpRequest, obj: Cover, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"Saved: {words.away(obj)}.")
        return redirect(page_of(obj.clinician))

    def response_change(self, request: HttpRequest, obj: Cover) -> HttpResponse:
        messages.success(request, f"Saved: {words.away(obj)}.")
        return redirect(page_of(obj.clinician))

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End a cover now, or take away one that has not begun."""
        key = unquote(object_id)
        if not self.has_change_permission(request):
            raise PermissionDenied
        cover = Cover.objects.filter(pk=key).select_related("clinician").first()
        if cover is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        ended = covers.end_now(cover.pk)
        if ended is None:
            messages.warning(request, "It is over already: nothing was changed.")
        else:
            has_begun = ended.pk is not None
            messages.success(
                request, f"{cover.clinician} is {'back' if has_begun else 'no longer away then'}."
            )
            self.log_change(request, cover, "Ended." if has_begun else "Called off.")
        return redirect(page_of(cover.clinician))


def page_of(clinician: Clinician) -> str:
    """Where the person's covers are."""
    return reverse("admin:contacts_clinician_change", args=[clinician.pk])
