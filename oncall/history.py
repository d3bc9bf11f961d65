"""The history of plans: who changed what and when, with the steps and the uses as they were, in words."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django.apps import apps
from django.db import models
from django.dispatch import receiver
from simple_history.signals import pre_create_historical_record

from contacts.history import Change, changed_fields

NOTHING = "—"


class WithContents(models.Model):
    """Adds the steps and uses, which are rows of other models, to an entry: in words, with the names of that time."""

    steps = models.JSONField(default=list, help_text="Each step in words, in order.")
    uses = models.JSONField(default=list, help_text="Each use in words.")

    class Meta:
        abstract = True


@receiver(pre_create_historical_record, dispatch_uid="oncall.history")
def add_contents(instance: Any, history_instance: Any, **kwargs: Any) -> None:
    """Add steps and uses to an entry before it is saved."""
    if isinstance(history_instance, WithContents):
        history_instance.steps = [step.in_words() for step in instance.steps.select_related("clinician")]
        history_instance.uses = [use.in_words() for use in instance.choices.select_related("clinician")]


def changes(newer: Any, older: Any) -> list[Change]:
    """The changed fields, steps and uses."""
    found = changed_fields(newer, older)
    for number, (old, new) in enumerate(zip_longest(older.steps, newer.steps, fillvalue=NOTHING), start=1):
        if old != new:
            found.append(Change(f"Step {number}", old, new))
    if set(older.uses) != set(newer.uses):
        found.append(Change("Used for", _list(older.uses), _list(newer.uses)))
    return found


def version(plan_id: int | None) -> int:
    """The version of the plan. Every change raises it."""
    newest: int | None = _entries(plan_id).aggregate(newest=models.Max("history_id"))["newest"]
    return newest or 0


def changed_since(plan_id: int, seen: int) -> str:
    """The person who changed the plan after version `seen`; empty if nobody did."""
    later = _entries(plan_id).filter(history_id__gt=seen).select_related("history_user").first()
    if later is None:
        return ""
    user = later.history_user
    return (user.get_full_name() or user.get_username()) if user else "Somebody"


def _entries(plan_id: int | None) -> Any:
    return apps.get_model("oncall", "HistoricalPlan").objects.filter(id=plan_id)


def _list(words: Sequence[str]) -> str:
    return "; ".join(words) or NOTHING
