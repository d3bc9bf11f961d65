"""Changing many clinicians from their list: each action asks first, on a page of its own, and says what it would do."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action

from contacts import bulk
from contacts.bulk_forms import PreferencesOfManyForm
from contacts.choices import Priority, in_words
from contacts.models import Clinician

NAMED = 20
"""How many of those who lack an address are named."""


class ChangesToMany:
    """The part of a ModelAdmin that changes all who are selected."""

    actions: tuple[Any, ...] = ("change_preferences", "activate", "deactivate")

    @action(description="Change preferences…", permissions=["change"])
    def change_preferences(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        asked = "preview" in request.POST or "apply" in request.POST
        chosen = request.POST.dict() if "edit" in request.POST else None
        form = PreferencesOfManyForm(request.POST if asked else None, initial=chosen)
        plan = None
        if asked and form.is_valid():
            if "apply" in request.POST:
                done = bulk.apply(queryset, form.wanted(), partly=form.partly())
                messages.success(request, _done(done))
                return None
            everybody = queryset.order_by("pk").prefetch_related("preferences")
            plan = bulk.plan(everybody, form.wanted(), partly=form.partly())
        context = {
            "title": "Change the preferences of many",
            "form": form,
            "plan": plan,
            "named": [_named(each) for each in plan.lacking[:NAMED]] if plan else [],
            "further": max(len(plan.lacking) - NAMED, 0) if plan else 0,
            "wanted": _in_words(form) if plan else [],
            "partly": plan is not None and form.partly(),
        }
        return self._page(request, queryset, "change_preferences", context)

    @action(description="Make active…", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=True)

    @action(description="Make inactive…", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Clinician]) -> HttpResponse | None:
        return self._set_active(request, queryset, active=False)

    def _set_active(
        self, request: HttpRequest, queryset: QuerySet[Clinician], *, active: bool
    ) -> HttpResponse | None:
        word = "active" if active else "inactive"
        if "apply" in request.POST:
            changed = bulk.set_active(queryset, active=active)
            messages.success(request, f"{_clinicians(changed)} made {word}.")
            return None
        changing = queryset.exclude(active=active)
        context = {
            "title": f"Make many {word}",
            "word": word,
            "active": active,
            "changing": changing.count(),
            "named": [str(each) for each in changing[:NAMED]],
        }
        context["further"] = max(context["changing"] - NAMED, 0)  # type: ignore[operator]
        return self._page(request, queryset, "activate" if active else "deactivate", context)

    def _page(
        self: Any, request: HttpRequest, queryset: QuerySet[Clinician], name: str, context: dict[str, Any]
    ) -> HttpResponse:
        """A page that comes back here with the same selection: its ids, or that it is everybody who was listed."""
        everybody = request.POST.get("select_across") == "1"
        template = "change_preferences" if name == "change_preferences" else "set_active"
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


def _clinicians(number: int) -> str:
    return f"{number:,} clinician{'' if number == 1 else 's'}"


def _in_words(form: PreferencesOfManyForm) -> list[tuple[str, str]]:
    """What is chosen for each priority."""
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


def _named(lacking: bulk.Lacking) -> str:
    channels = " and ".join(channel.label for channel in lacking.channels)
    return f"{lacking.clinician}: no address for {channels}"


def _done(done: bulk.Plan) -> str:
    sentences = [f"The preferences of {_clinicians(len(done.changes))} are changed."]
    if done.unchanged:
        sentences.append(f"{_clinicians(done.unchanged)} had them already.")
    if done.skipped:
        sentences.append(f"{_clinicians(done.skipped)} left as they were: they lack an address.")
    return " ".join(sentences)
