"""Who has taken alerts on, and who is asked to: the same for pages, files and the API."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from alerts.models import Alert, Engagement, Loop, Response
from alerts.states import Effect, EngagementState, LoopOutcome, ResponseKind, ResponsibilityState


@dataclass(frozen=True)
class Responsibility:
    """How the asking for one alert stands."""

    loop: Loop | None = None
    engagements: tuple[Engagement, ...] = ()
    """Everybody who was asked, in order, each with their `clinician`."""
    acceptance: Response | None = None
    """The answer by which the holder took it on."""

    @property
    def state(self) -> ResponsibilityState:
        if self.loop is None:
            return ResponsibilityState.NONE
        if self.holder:
            return ResponsibilityState.ACCEPTED
        if self.loop.outcome == LoopOutcome.EXHAUSTED:
            return ResponsibilityState.EXHAUSTED
        return ResponsibilityState.UNDEFINED

    @property
    def holder(self) -> Engagement | None:
        """By which somebody has it."""
        return next((each for each in self.engagements if each.state == EngagementState.ACCEPTED), None)

    @property
    def asked(self) -> tuple[Engagement, ...]:
        """Those whose answer is waited for."""
        return tuple(each for each in self.engagements if each.state == EngagementState.ASKED)


NOBODY_ASKED = Responsibility()


def of(alerts: Iterable[Alert]) -> dict[int, Responsibility]:
    """How the asking for each of these alerts stands, by its key.

    Three queries, however many they are; none if nobody is asked to take any of them on.
    """
    alerts = list(alerts)
    keys = [alert.pk for alert in alerts if alert.has_loop]
    return {alert.pk: NOBODY_ASKED for alert in alerts} | (_of_loops(keys) if keys else {})


def _of_loops(keys: list[int]) -> dict[int, Responsibility]:
    asked: dict[int, list[Engagement]] = defaultdict(list)
    for engagement in Engagement.objects.filter(alert__in=keys).select_related("clinician"):
        asked[engagement.alert_id].append(engagement)
    accepted = Response.objects.filter(alert__in=keys, kind=ResponseKind.ACCEPT, effect=Effect.APPLIED)
    by_engagement = {each.engagement_id: each for each in accepted.order_by("id")}  # the latest stays
    found = {}
    for loop in Loop.objects.filter(alert__in=keys):
        standing = Responsibility(loop, tuple(asked[loop.alert_id]))
        holder = standing.holder
        acceptance = by_engagement.get(holder.pk) if holder else None
        found[loop.alert_id] = Responsibility(loop, standing.engagements, acceptance)
    return found
