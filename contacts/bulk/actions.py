"""Bulk actions of the list of clinicians. Each shows what it would change on a page of its own, and asks first."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import get_text_list
from unfold.admin import ModelAdmin
from unfold.decorators import action

from contacts import locks
from contacts.bulk import plan
from contacts.bulk.forms import BulkForm, PreferencesForm, TemplateForm
from contacts.choices import Priority, in_words
from contacts.models import Clinician

NAMED = 20
"""How many clinicians a page names."""
REFUSED = (plan.OutdatedPreviewError, locks.LockedError)


class BulkActions(ModelAdmin):
    """Actions that change all selected clinicians."""

    actions: tuple[Any, ...] = ("change_preferences", "apply_template", "activate", "deactivate")

    @action(description="Change preferences…", permissions=["change"])
    def change_preferences(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._change(request, queryset, PreferencesForm, "change_preferences")

    @action(description="Apply a preference template…", permissions=["change"])
    def apply_template(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._change(request, queryset, TemplateForm, "apply_template")

    @action(description="Make active…", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=True)

    @action(description="Make inactive…", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=False)

    def _change(
        self, request: HttpRequest, queryset: QuerySet[Clinician], form_class: type[BulkForm], name: str
    ) -> HttpResponse | None:
        is_bound = "preview" in request.POST or "apply" in request.POST
        chosen = request.POST.dict() if "edit" in request.POST else None
        form = form_class(request.POST if is_bound else None, initial=chosen)
        context: dict[str, Any] = {"title": form.title, "form": form}
        if is_bound and form.is_valid():
            if "apply" in request.POST and _apply(request, queryset, form):
                return None
            context |= _preview(queryset, form)
        return self._action_page(request, queryset, name, "change_preferences", context)

    def _set_active(
        self, request: HttpRequest, queryset: QuerySet[Clinician], *, active: bool
    ) -> HttpResponse | None:
        word = "active" if active else "inactive"
        if "apply" in request.POST:
            try:
                changed = plan.set_active(queryset, active=active, shown=_shown(request))
            except REFUSED as refused:
                messages.warning(request, str(refused))
            else:
                done = (
                    f"{_clinicians(changed)} made {word}." if changed else f"All of them are {word} already."
                )
                messages.add_message(request, messages.SUCCESS if changed else messages.INFO, done)
                return None
        changing = list(queryset.prefetch_related(None).exclude(active=active))
        context = {
            "title": f"Make {_clinicians(queryset.count())} {word}",
            "word": word,
            "active": active,
            "changing": len(changing),
            "shown": plan.digest_of(changing),
            "named": [str(each) for each in changing[:NAMED]],
            "further": max(len(changing) - NAMED, 0),
        }
        return self._action_page(
            request, queryset, "activate" if active else "deactivate", "set_active", context
        )

    def _action_page(
        self,
        request: HttpRequest,
        queryset: QuerySet[Clinician],
        name: str,
        template: str,
        context: dict[str, Any],
    ) -> HttpResponse:
        """A page that posts the same selection to the same action: ids, or the whole list."""
        everybody = request.POST.get("select_across") == "1"
        return TemplateResponse(
            request,
            f"admin/contacts/clinician/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "media": self.media,
                "action": name,
                "checkbox_name": ACTION_CHECKBOX_NAME,
                "selected": ["0"] if everybody else request.POST.getlist(ACTION_CHECKBOX_NAME),
                "select_across": int(everybody),
                "count": queryset.count(),
                **context,
            },
        )


def _apply(request: HttpRequest, queryset: QuerySet[Clinician], form: BulkForm) -> bool:
    """Make the change that was shown. False if the same action would change something else by now."""
    try:
        done = plan.apply(
            queryset, form.wanted(), partly=form.partly(), reason=form.reason(), shown=_shown(request)
        )
    except REFUSED as refused:
        messages.warning(request, str(refused))
        return False
    messages.add_message(request, messages.SUCCESS if done.changes else messages.INFO, _done(done))
    return True


def _preview(queryset: QuerySet[Clinician], form: BulkForm) -> dict[str, Any]:
    """What the change would do."""
    partly = form.partly()
    planned = plan.make_plan(queryset.prefetch_related(None).order_by("pk"), form.wanted(), partly=partly)
    return {
        "plan": planned,
        "shown": planned.digest(),
        "warnings": planned.warnings.items(),
        "named": [_named(each) for each in planned.missing[:NAMED]],
        "further": max(len(planned.missing) - NAMED, 0),
        "wanted": _chosen_channels(form),
        "partly": partly,
    }


def _shown(request: HttpRequest) -> str:
    return request.POST.get("shown", "")


def _clinicians(number: int) -> str:
    return f"{number:,} clinician{'' if number == 1 else 's'}"


def _chosen_channels(form: BulkForm) -> list[tuple[str, str]]:
    """The chosen channels for each priority."""
    wanted = form.wanted()
    return [
        (
            f"{priority.label} priority",
            (in_words(wanted[priority]) if wanted[priority] else "No channel")
            if priority in wanted
            else "Left as it is",
        )
        for priority in Priority
    ]


def _named(missing: plan.MissingAddress) -> dict[str, Any]:
    channels = get_text_list([channel.label for channel in missing.channels], "and")
    kept = get_text_list([priority.label for priority in missing.kept], "and")
    stays = f"; {kept} stay{'' if len(missing.kept) > 1 else 's'} as {'they are' if len(missing.kept) > 1 else 'it is'}"
    return {
        "pk": missing.pk,
        "clinician": missing.clinician,
        "sentence": f"no address for {channels}{stays if kept else ''}",
    }


def _done(done: plan.BulkPlan) -> str:
    changed = len(done.changes)
    sentences = [
        f"The preferences of {_clinicians(changed)} are changed."
        if changed
        else "Nobody's preferences are changed."
    ]
    if done.partial:
        verb = "lacks an address, and has" if done.partial == 1 else "lack an address, and have"
        sentences.append(f"{done.partial:,} of them {verb} only the channels that are left.")
    if done.unchanged:
        sentences.append(f"{_clinicians(done.unchanged)} had them already.")
    if done.skipped:
        stay = (
            "lacks an address, and stays as before."
            if done.skipped == 1
            else "lack an address, and stay as before."
        )
        sentences.append(f"{_clinicians(done.skipped)} {stay}")
    return " ".join(sentences)
