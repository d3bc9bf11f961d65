"""Does a confirmed action to each alert, and shows messages about the alerts that it was not done to."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from alerts import actions
from alerts.admin.permissions import ask_to_change, visible_to
from alerts.admin.timeline import handled
from alerts.labels import Explanation
from alerts.models import AlertAction
from theme.guard import is_key

MAX_AT_ONCE = 100
TOO_MANY = f"More than {MAX_AT_ONCE} alerts are selected. Nothing was done. Select fewer, or narrow the list."
LISTED_ONE_BY_ONE = 10
MEANWHILE = "{name}: In the meantime it was {done} See how it stands now, then decide."


@dataclass(frozen=True)
class Done:
    """The alerts that the action was done to, and for each of the others why not."""

    alerts: list[int]
    refused: list[Explanation]


def seen_in(request: HttpRequest) -> list[tuple[int, int | None]]:
    """The alerts that the form names in `seen`, each with the newest action that the user saw."""
    return [_seen(each) for each in request.POST.getlist("seen")[:MAX_AT_ONCE]]


def key_in(request: HttpRequest) -> uuid.UUID | None:
    """The form's key, so that a form sent twice does one thing; None if it has none."""
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def to_each(
    request: HttpRequest, chosen: list[tuple[int, int | None]], do: Callable[[int, int | None], object]
) -> Done:
    """Call `do(alert, newest action seen)` for each of these alerts that the user may see."""
    shown = visible_to(request.user).filter(pk__in=[pk for pk, _ in chosen])
    names = dict(shown.values_list("pk", "message_id"))
    done: list[int] = []
    refused: list[Explanation] = []
    for pk, after in chosen:
        if pk not in names:
            continue
        try:
            do(pk, after)
        except actions.Overtaken as overtaken:
            said = handled.said(overtaken.record)
            refused.append(Explanation(MEANWHILE.format(name=names[pk], done=said[:1].lower() + said[1:])))
        except actions.ActionRefused as refusal:
            refused.append(replace(refusal.why, cause=f"{names[pk]}: {refusal.why.cause}"))
        else:
            done.append(pk)
    return Done(done, refused)


def report_refused(admin: ModelAdmin, request: HttpRequest, refused: list[Explanation]) -> None:
    """Show the alerts that the action was not done to, and why."""
    for why in refused[:LISTED_ONE_BY_ONE]:
        admin.message_user(request, why.for_reader(ask=ask_to_change(request)), messages.WARNING)
    if len(refused) > LISTED_ONE_BY_ONE:
        more = len(refused) - LISTED_ONE_BY_ONE
        admin.message_user(request, f"It was not done to {more} more either.", messages.WARNING)


def seen(alert_id: int, done: Iterable[AlertAction]) -> str:
    """The form's value for an alert: its key, and the newest action that the user sees."""
    record = actions.newest(done)
    return f"{alert_id}:{record.pk if record else 0}"


def counted(number: int, *, capital: bool = False) -> str:
    """`this alert`, or `3 alerts`."""
    if number == 1:
        return "This alert" if capital else "this alert"
    return f"{number} alerts"


def _seen(value: str) -> tuple[int, int | None]:
    """The alert's key and the newest action that the user saw; zeros if the form was tampered with."""
    pk, _colon, after = value.partition(":")
    return (int(pk), int(after)) if is_key(pk) and is_key(after) else (0, 0)
