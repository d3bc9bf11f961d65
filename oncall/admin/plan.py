"""Plans in the admin: who is asked to take alerts on, in which order, and for which alerts."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from contacts.lookalikes import departments
from oncall import history, plans, problems
from oncall.admin import example
from oncall.admin.departments import VisibleByDepartment, plans_visible_to
from oncall.admin.people import ChoosesClinicians
from oncall.admin.plan_form import PlanForm, StepForm, StepFormSet, UseForm, UseFormSet
from oncall.models import MAX_STEPS, Plan, PlanChoice, PlanStep
from theme.history import ChangesAdmin, LatestChanges

LABELS = {
    "target": "Who is asked",
    "clinician": "Clinician",
    "wait": "Minutes to answer",
    "position": "Order",
    "priority": "Priority",
    "department": "Department",
}
"""The names of the fields for screen readers: cells of a row have no labels of their own."""


class LabelledInline(ChoosesClinicians, TabularInline):
    """Rows whose fields have names for screen readers. `plans.write` saves them all together."""

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        found = super().get_formset(request, obj, **kwargs)
        for name, field in found.form.base_fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = LABELS.get(name, name)
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # everybody who sees the plan

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("oncall.add_plan" if obj is None else "oncall.change_plan"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)


class StepInline(LabelledInline):
    """The steps: who is asked, one after the other."""

    model = PlanStep
    form = StepForm
    formset = StepFormSet
    fields = ("position", "target", "clinician", "wait")
    ordering = ("position",)
    ordering_field = "position"
    autocomplete_fields = ("clinician",)
    extra = 0
    max_num = MAX_STEPS
    hide_title = True
    verbose_name_plural = "Steps: who is asked, one after the other"


class UseInline(LabelledInline):
    """The uses: for which alerts the plan is used."""

    model = PlanChoice
    form = UseForm
    formset = UseFormSet
    fields = ("priority", "clinician", "department")
    autocomplete_fields = ("clinician",)
    extra = 0
    hide_title = True
    verbose_name = "use"
    verbose_name_plural = (
        "Used for: a clinician's own plan comes first, then their department's, then everybody's"
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "department":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        used = PlanChoice.objects.exclude(department="").order_by().values_list("department", flat=True)
        names = sorted({*departments.one_spelling_each(), *used.distinct()})
        choices = [("", "Every department"), *((name, name) for name in names)]
        return forms.ChoiceField(
            label="Department", choices=choices, widget=UnfoldAdminSelectWidget(), required=False
        )


class ChangesTab(LatestChanges):
    """The latest changes to a plan, its steps and its uses."""

    model = Plan.history.model
    changes = history.changes


@admin.register(Plan)
class PlanAdmin(VisibleByDepartment, ChangesAdmin):
    """The list of plans, and the page of each."""

    form = PlanForm
    fields = ("name", "active")
    inlines = (StepInline, UseInline)
    list_display = ("name", "state", "steps_in_words", "used_for", "what_is_wrong")
    list_filter = ("active",)
    search_fields = ("name",)
    search_help_text = "Name"
    warn_unsaved_form = True
    compressed_fields = False
    visible_to = plans_visible_to
    latest_changes = ChangesTab
    change_form_outer_before_template = "oncall/plan_problems.html"
    change_form_outer_after_template = "oncall/plan_now.html"

    class Media:
        css: ClassVar = {"all": ("contacts/clinician.css", "oncall/oncall.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        found: QuerySet[Plan] = super().get_queryset(request)
        return found.prefetch_related(*problems.PREFETCHED)

    @display(description="State", ordering="active", label={"Active": "success", "Inactive": "danger"})
    def state(self, plan: Plan) -> str:
        return "Active" if plan.active else "Inactive"

    @display(description="Who is asked")
    def steps_in_words(self, plan: Plan) -> Any:
        return _lines([step.in_words() for step in plan.steps.all()])

    @display(description="Used for")
    def used_for(self, plan: Plan) -> Any:
        return _lines([use.in_words() for use in plan.choices.all()])

    @display(description="What is wrong")
    def what_is_wrong(self, plan: Plan) -> Any:
        return _lines(problems.sentences(plan))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save under a lock, so that the form can refuse to undo a colleague's change."""
        key = int(unquote(object_id)) if object_id else None

        def respond() -> HttpResponse:
            context = {**(extra_context or {}), "version": history.version(key)}
            response: HttpResponse = super(PlanAdmin, self).changeform_view(
                request, object_id, form_url, context
            )
            return response

        if request.method != "POST":
            return respond()
        try:
            with transaction.atomic():
                if key:
                    Plan.objects.select_for_update(no_key=True).filter(pk=key).first()
                return respond()
        except IntegrityError:
            # A colleague has just taken the name or the use, or the page was sent twice: now the form sees it.
            return respond()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the plan's problems and what it would do now, both as saved."""
        shown = kwargs.get("obj")
        context["show_save_and_continue"] = False  # Save stays on the page, which says what would happen
        context["show_history"] = False  # the tab with the changes leads to all of them
        plan = shown and self.get_object(request, str(shown.pk))
        if plan is not None:
            found = example.of(plan, request, self.admin_site)
            context["example"] = found
            context["media"] += found.form.media
            context["problems"] = [
                *problems.sentences(plan),
                *problems.waits_too_short(plan, found.addressed),
            ]
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:  # noqa: FBT001
        # `plans.write` writes one history entry for all.
        obj.skip_history_when_saving = True  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)
        del obj.skip_history_when_saving  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        steps, uses = formsets
        plans.write(form.instance, steps.wanted(), uses.wanted())
        for formset in formsets:  # Django's log of the change asks for these
            formset.new_objects = formset.changed_objects = formset.deleted_objects = ()

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say first for which alerts nobody would be asked any more."""
        plan = self.get_object(request, unquote(object_id))
        if plan is not None and request.method == "GET" and plan.choices.all():
            used = "; ".join(use.in_words() for use in plan.choices.all())
            messages.warning(
                request,
                f"This plan is in use: {used}. Without it, these alerts go by the plan of the department or of "
                "everybody, or nobody is asked. Alerts that are under way go on as they were taken.",
            )
        response: HttpResponse = super().delete_view(request, object_id, extra_context)
        return response


def _lines(sentences: list[str]) -> Any:
    if not sentences:
        return "—"
    lines = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in sentences))
    return format_html('<ul class="plan-lines">{}</ul>', lines)
