"""Whom Bleep asked to take an alert on, and their answers, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts import labels
from alerts.admin.status import engagement_badge
from alerts.admin.timeline.event import Event
from alerts.admin.timeline.handled import name_of
from alerts.escalation import asking as escalation, responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Delivery, Engagement, Response
from alerts.states import (
    AlertState,
    Effect,
    EngagementState,
    LoopOutcome,
    Notice,
    Proof,
    ResponseKind,
    Why,
)
from contacts.choices import Channel
from contacts.models import Clinician
from oncall.models import Target
from oncall.plans import FrozenPlan
from theme.times import clock, duration, full

Entry = tuple[datetime, int, Event]
"""The time of the event, its place among events of the same instant, and the event."""
NOBODY_LEFT = (
    "Nobody has taken it on, and nobody is left to ask. Reach somebody by hand, or send it to somebody else. Whoever "
    "was asked can still accept."
)
STAYS_OPEN = "It stays open until somebody takes it on, or staff or the hospital system end it."
NO_CHANNEL_LEFT = "Every channel to them failed."
GOES_ON = "Their other channels are still tried, and a late answer counts as long as nobody has it."


@dataclass(frozen=True)
class Asking:
    """The asking for one alert: the people, the plan and the answers."""

    standing: Responsibility
    plan: FrozenPlan
    names: Mapping[int, str]
    """The names of the clinicians in the plan."""
    answers: tuple[Response, ...]
    """The answers in order, each with the user who entered it."""
    following: escalation.Asked | None
    """The person whom the next step would ask now."""

    def of(self, engagement_id: int | None) -> Engagement | None:
        """The engagement with this key."""
        return next((each for each in self.standing.engagements if each.pk == engagement_id), None)

    def title_of(self, delivery: Delivery, address: str) -> str:
        """The recipient of a delivery: the channel, or that it is a notice."""
        engagement, channel = self.of(delivery.engagement_id), Channel(delivery.channel)
        name = engagement.clinician.name if engagement else ""
        if delivery.notice:
            return (
                f"Notice to {name}: {labels.NOTICE[Notice(delivery.notice)]} ({channel.label} to {address})"
            )
        return f"{channel.label} to {name}, {address}"


def read(alert: Alert) -> Asking | None:
    """The asking for this alert. None, without a query, for an alert without a plan."""
    standing = responsibility.of([alert])[alert.pk]
    if standing.loop is None:
        return None
    plan = FrozenPlan.from_json(standing.loop.plan)
    named = [step.clinician_id for step in plan.steps if step.clinician_id]
    found = escalation.next_asked(standing.loop, alert) if standing.loop.is_open else None
    return Asking(
        standing,
        plan,
        names=dict(Clinician.objects.filter(pk__in=named).values_list("pk", "name")) if named else {},
        answers=tuple(Response.objects.filter(alert=alert).select_related("by").order_by("id")),
        following=found,
    )


def sentence(alert: Alert, asking: Asking) -> str:
    """Who has the alert; or who is asked, until when, and what happens then. Empty once it ended without an answer."""
    standing = asking.standing
    if standing.holder:
        return _has_it(alert, standing)
    if alert.state != AlertState.OPEN or standing.loop is None:
        return ""
    if not standing.loop.is_open:
        return NOBODY_LEFT
    who = " and ".join(
        f"{each.clinician.name} is asked until {clock(each.due_at, day_of=alert.created_at)}"
        for each in standing.asked
    )
    if not who:
        return f"Nobody has taken it on yet: in a moment {_following(alert, asking)}."
    return f"Nobody has taken it on yet: {who}, then {_following(alert, asking)}."


def _has_it(alert: Alert, standing: Responsibility) -> str:
    assert standing.holder is not None  # noqa: S101 - for the type checker
    name, given = standing.holder.clinician.name, standing.acceptance
    if given is None:
        return f"{name} has taken it on."
    at = given.provider_at or given.at
    return (
        f"{name} has taken it on, {labels.PROOF[Proof(given.proof)]}, {full(at)}, "
        f"{duration(at - alert.created_at)} after it was received."
    )


def _following(alert: Alert, asking: Asking) -> str:
    if asking.following is None:
        return "nobody is left to ask, which Home and the hospital system are told"
    name = asking.following.clinician.name
    return f"{name}, as cover, is asked" if asking.following.why is Why.COVER else f"{name} is asked"


def nobody_left(alert: Alert, asking: Asking) -> bool:
    """Whether nobody is left to ask, so that staff have to find somebody."""
    loop = asking.standing.loop
    return alert.state == AlertState.OPEN and loop is not None and not loop.is_open


def when(engagement: Engagement, alert: Alert) -> str:
    """From when until when the person was asked."""
    asked_at = clock(engagement.asked_at, day_of=alert.created_at)
    if engagement.ended_at:
        took = duration(engagement.ended_at - engagement.asked_at)
        return f"Asked at {asked_at}, ended after {took}"
    return f"Asked at {asked_at}, until {clock(engagement.due_at, day_of=alert.created_at)}"


def events(alert: Alert, asking: Asking) -> Iterator[Entry]:
    """Events: who was asked, who answered, and whose time ran out."""
    for engagement in asking.standing.engagements:
        yield engagement.asked_at, 1, _asked(engagement, alert, asking)
        ended = _ended(engagement)
        if ended and engagement.ended_at:
            yield engagement.ended_at, 0, ended
    handed_back = set(_handed_back(asking.answers))
    for answer in asking.answers:
        yield answer.at, 0, _answer(answer, asking, is_handed_back=answer.pk in handed_back)
    loop = asking.standing.loop
    if loop and loop.ended_at and loop.outcome == LoopOutcome.EXHAUSTED:
        yield (
            loop.ended_at,
            1,
            Event(loop.ended_at, "person_off", "failed", "Nobody is left to ask", sentences=(STAYS_OPEN,)),
        )


def _asked(engagement: Engagement, alert: Alert, asking: Asking) -> Event:
    given = duration(engagement.due_at - engagement.asked_at)
    until = f"They have {given} to answer, until {clock(engagement.due_at, day_of=alert.created_at)}."
    return Event(
        engagement.asked_at,
        "contact_phone",
        "waiting",
        f"{_named(engagement)} asked to take it on",
        sentences=(why(engagement, alert, asking), until),
    )


def why(engagement: Engagement, alert: Alert, asking: Asking) -> str:
    """Why this person is asked, in a sentence."""
    if engagement.step is None:
        return "Asked by staff."
    step = asking.plan.steps[engagement.step]
    of_plan = f"step {engagement.step + 1} of {len(asking.plan.steps)} of the plan “{asking.plan.name}”"
    match Why(engagement.why):
        case Why.ADDRESSED:
            return f"The alert is for them: {of_plan}."
        case Why.COVER:
            is_addressed = step.target is Target.ADDRESSED or step.clinician_id is None
            meant = alert.clinician.name if is_addressed else asking.names.get(step.clinician_id or 0, "")
            return f"Covers for {meant}: {of_plan}."
        case _:
            return f"Named in {of_plan}."


def _ended(engagement: Engagement) -> Event | None:
    """The event of an engagement that ended without an answer."""
    if engagement.ended_at is None:
        return None
    badge, name = engagement_badge(engagement), engagement.clinician.name
    said: dict[str, tuple[str, str]] = {
        EngagementState.UNDEFINED: (f"No answer from {name} in time", GOES_ON),
        EngagementState.UNREACHABLE: (f"{name} could not be reached", NO_CHANNEL_LEFT),
        EngagementState.WITHDRAWN: (f"{name} is no longer asked", ""),
    }
    if engagement.state not in said:
        return None  # the answer itself is an event already
    title, more = said[engagement.state]
    sentences = (more,) if more else ()
    return Event(engagement.ended_at, badge.icon, badge.tone, title, sentences=sentences)


def _handed_back(answers: tuple[Response, ...]) -> Iterator[int]:
    """The answers by which a holder gave the alert back: if they decline, they give it back as well."""
    has_it: set[int] = set()
    for each in answers:
        if each.effect != Effect.APPLIED:
            continue
        if each.kind == ResponseKind.ACCEPT:
            has_it.add(each.engagement_id)
        elif each.engagement_id in has_it:
            has_it.remove(each.engagement_id)
            yield each.pk


def _answer(answer: Response, asking: Asking, *, is_handed_back: bool) -> Event:
    engagement = asking.of(answer.engagement_id)
    name = engagement.clinician.name if engagement else ""
    kind, effect = ResponseKind(answer.kind), Effect(answer.effect)
    if effect is Effect.APPLIED:
        icon, tone, title = _applied(kind, name, is_handed_back=is_handed_back)
    else:
        icon, tone, title = (
            "mark_chat_unread",
            "over",
            f"{name} {labels.ANSWER[kind]}, {labels.EFFECT[effect]}",
        )
    took = f"{duration(answer.at - engagement.asked_at)} after they were asked." if engagement else ""
    facts = (
        [("When they answered, by the provider's clock", full(answer.provider_at))]
        if answer.provider_at
        else []
    )
    return Event(
        answer.at, icon, tone, title, sentences=(_proof(answer), took), note=answer.note, facts=tuple(facts)
    )


def _applied(kind: ResponseKind, name: str, *, is_handed_back: bool) -> tuple[str, str, str]:
    """The icon, tone and title of an answer."""
    if kind is ResponseKind.ACCEPT:
        return "how_to_reg", "reached", f"{name} has taken it on"
    if is_handed_back:
        return "undo", "doubt", f"{name} has handed it back"
    return "person_cancel", "doubt", f"{name} has declined"


def _proof(answer: Response) -> str:
    by: Any = answer.by
    if by is not None:
        return f"Entered by {name_of(by)}."
    words = labels.PROOF[Proof(answer.proof)]
    return f"{words[:1].upper()}{words[1:]}."


def _named(engagement: Engagement) -> str:
    return f"{engagement.clinician.name} ({engagement.clinician.contact_id})"
