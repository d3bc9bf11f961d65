"""The first items on Home: alerts that nobody has taken on, who is asked, and what happens next."""

from collections.abc import Iterator

from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from alerts import attention
from alerts.admin.permissions import HANDLE
from alerts.attention import Unanswered, UnansweredAlert
from alerts.states import ResponsibilityState
from staff.home.alert_rows import is_decided, row
from staff.home.items import ALERTS, Item, Link
from staff.home.reader import Reader
from theme.times import duration

LEFT = "Nobody has taken on {n}, and nobody is left to ask."
YET = "Nobody has taken on {n} yet: somebody is asked."
FIND_SOMEBODY = (
    "Say that you are on it, and open it: its page has the numbers of everybody who was asked. Reach one of them and "
    "enter their answer, or send it to somebody else."
)
GOES_ON = "The plan goes on by itself."
STEP_IN = "Open what cannot wait: enter what somebody told you, or send it to somebody else."


def of_alerts(found: Unanswered, reader: Reader) -> Iterator[Item]:
    """An item for alerts with nobody left to ask, and one for alerts that somebody is asked about."""
    done = attention.done_about([each.key for each in found.first]) if found.first else {}
    rows = {
        exhausted: tuple(
            row(each, done[each.key], reader.user, why=_how_it_stands(each))
            for each in found.first
            if each.exhausted is exhausted and not is_decided(done[each.key])
        )
        for exhausted in (True, False)
    }
    if rows[True]:
        yield Item(
            "exhausted",
            LEFT.format(n=_counted(found.exhausted)),
            reader.advice(HANDLE, FIND_SOMEBODY, else_ask="to find somebody"),
            first=True,
            count=found.exhausted,
            high=found.high,
            rows=rows[True],
            more=max(found.exhausted - attention.NAMED, 0),
            show_all=_list("Show all for which nobody is left", ResponsibilityState.EXHAUSTED),
        )
    if rows[False]:
        yield Item(
            "unanswered",
            YET.format(n=_counted(found.asked)),
            f"{GOES_ON} {reader.advice(HANDLE, STEP_IN, else_ask='to step in where it cannot wait')}",
            urgent=False,
            first=True,
            count=found.asked,
            rows=rows[False],
            more=max(found.asked - attention.NAMED, 0),
            show_all=_list("Show all that nobody has taken on yet", ResponsibilityState.UNDEFINED),
        )


def _how_it_stands(alert: UnansweredAlert) -> str:
    """A line: who is asked, how much time they have left, and what happens then."""
    if alert.exhausted:
        return "nobody is left to ask"
    left = alert.until - timezone.now() if alert.until else None
    until = f", {duration(left)} left" if left and left.total_seconds() > 0 else ""
    if not alert.asked:
        return "the plan goes on in a moment"
    return f"{alert.asked} is asked{until}, then {alert.following or 'nobody is left to ask'}"


def _list(text: str, state: ResponsibilityState) -> Link:
    return Link(text, f"{reverse(ALERTS)}?responsibility={state.value}")


def _counted(number: int) -> str:
    return f"{number:,} alert{pluralize(number)}"
