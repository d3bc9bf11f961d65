"""The items on Home about plans and cover: people who are away without cover, and plans that have a problem."""

from collections.abc import Iterator

from django.template.defaultfilters import pluralize
from django.urls import reverse

from alerts.attention import EXAMPLES
from contacts.models import Clinician
from oncall import covers, plans
from oncall.models import Plan
from staff.home.items import CLINICIAN, Item, Link
from staff.home.reader import Reader

PLANS = "admin:oncall_plan_changelist"
PLAN = "admin:oncall_plan_change"
COVERS = "admin:oncall_cover_changelist"


def without_cover() -> list[Clinician]:
    """Those who are away without cover, and to whose alerts a plan applies. Three queries."""
    away = covers.without_cover()
    with_plan = plans.with_plan(away)
    return [clinician for clinician in away if clinician.pk in with_plan]


def of_absent(found: list[Clinician], reader: Reader) -> Iterator[Item]:
    if found:
        count = len(found)
        yield Item(
            "away",
            f"{count} clinician{pluralize(count, ' is,s are')} away, and nobody who is there covers for them.",
            "Plans pass them over, and ask the next person at once. "
            + reader.advice(
                "oncall.change_cover", "Say on each one's page who covers.", else_ask="to say who covers"
            ),
            urgent=False,
            links=tuple(Link(str(each), reverse(CLINICIAN, args=[each.pk])) for each in found[:EXAMPLES]),
            more=max(count - EXAMPLES, 0),
            show_all=Link("Show who is away", f"{reverse(COVERS)}?time=now"),
        )


def of_plans(found: list[Plan], reader: Reader) -> Iterator[Item]:
    if found:
        count = len(found)
        yield Item(
            "plans",
            f"{count} plan{pluralize(count, ' has,s have')} a problem: no steps, or a step for somebody who is not "
            "active or cannot be reached.",
            "Such a step is passed over, and a plan without steps asks nobody. "
            + reader.advice(
                "oncall.change_plan", "Open each: the page says what is wrong.", else_ask="to correct them"
            ),
            urgent=False,
            links=tuple(Link(each.name, reverse(PLAN, args=[each.pk])) for each in found[:EXAMPLES]),
            more=max(count - EXAMPLES, 0),
            show_all=Link("Show all plans", reverse(PLANS)),
        )
