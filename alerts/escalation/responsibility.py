"""Who has taken alerts on, and who is asked to, for pages, files and the API alike."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Min

from alerts.models import Alert, Engagement, Loop, Response
from alerts.states import Effect, EngagementState, LoopOutcome, ResponsibilityState


@dataclass(frozen=True)
class Responsibility:
    """How the asking for one alert stands."""

    loop: Loop | None = None
    engagements: tuple[Engagement, ...] = ()
    """Everybody who was asked, in order, each with their `clinician`."""
    answers: Mapping[int, Response] = field(default_factory=dict)
    """By the engagement's key: the latest answer that had an effect."""

    @property
    def state(self) -> ResponsibilityState:
        if self.loop is None:
            return ResponsibilityState.NONE
        if self.holder:
            return ResponsibilityState.ACCEPTED
        if self.loop.outcome == LoopOutcome.EXHAUSTED:
            return ResponsibilityState.EXHAUSTED
        if self.loop.outcome == LoopOutcome.ENDED:
            return ResponsibilityState.NONE  # the asking has ended
        return ResponsibilityState.UNDEFINED

    @property
    def holder(self) -> Engagement | None:
        """The engagement of the person who has the alert."""
        return next((each for each in self.engagements if each.state == EngagementState.ACCEPTED), None)

    @property
    def acceptance(self) -> Response | None:
        """The response by which the holder accepted."""
        return self.answers.get(self.holder.pk) if self.holder else None

    @property
    def asked(self) -> tuple[Engagement, ...]:
        """The engagements that are waiting for an answer."""
        return tuple(each for each in self.engagements if each.state == EngagementState.ASKED)


NOBODY_ASKED = Responsibility()


def of_new(engagement: Engagement | None) -> Responsibility:
    """The responsibility for an alert that was just stored. No query: nothing that can fail may delay the response."""
    if engagement is None:
        return NOBODY_ASKED
    return Responsibility(Loop(alert_id=engagement.alert_id, outcome=""), (engagement,))


def of(alerts: Iterable[Alert]) -> dict[int, Responsibility]:
    """The responsibility for each alert, by its key.

    Three queries, however many alerts; none if nobody was asked to take any of them on.
    """
    alerts = list(alerts)
    keys = [alert.pk for alert in alerts if alert.has_loop]
    return {alert.pk: NOBODY_ASKED for alert in alerts} | (_of_loops(keys) if keys else {})


def first_answers(alerts: Iterable[Alert]) -> dict[int, datetime]:
    """The time of the first answer, by the alert's key. One query; none if nobody was asked to take any of them on."""
    keys = [alert.pk for alert in alerts if alert.has_loop]
    if not keys:
        return {}
    answers = Response.objects.filter(alert__in=keys).order_by().values_list("alert")
    return dict(answers.annotate(first=Min("at")))


def _of_loops(keys: list[int]) -> dict[int, Responsibility]:
    asked: dict[int, list[Engagement]] = defaultdict(list)
    for engagement in Engagement.objects.filter(alert__in=keys).select_related("clinician"):
        asked[engagement.alert_id].append(engagement)
    answers: dict[int, dict[int, Response]] = defaultdict(dict)
    for answer in Response.objects.filter(alert__in=keys, effect=Effect.APPLIED).order_by("id"):
        answers[answer.alert_id][answer.engagement_id] = answer  # the latest wins
    return {
        loop.alert_id: Responsibility(loop, tuple(asked[loop.alert_id]), answers[loop.alert_id])
        for loop in Loop.objects.filter(alert__in=keys)
    }
