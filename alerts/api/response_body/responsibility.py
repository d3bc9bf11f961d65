"""Who was asked to take an alert on, and who has taken it on, as senders read it."""

from typing import Any

from rest_framework import serializers

from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Engagement
from alerts.states import EngagementState, Proof, ResponsibilityState, Why


class ResponsibilitySerializer(serializers.Serializer[dict[str, Any]]):
    """Who has taken the alert on."""

    state = serializers.ChoiceField(choices=ResponsibilityState.choices)
    by = serializers.CharField(allow_null=True, help_text="The `contact_id` of the person who accepted.")
    at = serializers.DateTimeField(allow_null=True, help_text="When they accepted.")
    proof = serializers.ChoiceField(
        choices=Proof.choices, allow_null=True, help_text="How Bleep knows that they did."
    )
    step = serializers.IntegerField(
        allow_null=True,
        help_text="The step of the plan by which they were asked, from 1; until somebody accepts, the step under way.",
    )


class EngagementSerializer(serializers.Serializer[dict[str, Any]]):
    """Asking one person to take the alert on."""

    number = serializers.IntegerField(help_text="In the order in which people were asked, from 1.")
    contact_id = serializers.CharField(help_text="The person who was asked.")
    step = serializers.IntegerField(
        allow_null=True, help_text="The step of the plan, from 1; `null` if staff asked."
    )
    why = serializers.ChoiceField(choices=Why.choices)
    state = serializers.ChoiceField(choices=EngagementState.choices)
    proof = serializers.ChoiceField(
        choices=Proof.choices, allow_null=True, help_text="How Bleep knows their answer; `null` without one."
    )
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Until when an answer is in time.")
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When they answered, or were no longer waited for."
    )


def summary(alert: Alert, standing: Responsibility) -> dict[str, Any]:
    """The person who has the alert."""
    holder = standing.holder
    under_way = standing.state is ResponsibilityState.UNDEFINED
    asked = holder or (standing.engagements[-1] if under_way and standing.engagements else None)
    return _responsibility.to_representation(
        {
            "state": standing.state,
            "by": holder and _contact_id(alert, holder),
            "at": holder and holder.ended_at,
            "proof": holder and _proof(standing, holder),
            "step": asked and _step(asked),
        }
    )


def asked(alert: Alert, standing: Responsibility) -> list[dict[str, Any]]:
    """Everybody who was asked, in order."""
    return [
        _engagement.to_representation(
            {
                "number": each.number,
                "contact_id": _contact_id(alert, each),
                "step": _step(each),
                "why": each.why,
                "state": each.state,
                "proof": _proof(standing, each),
                "asked_at": each.asked_at,
                "due_at": each.due_at,
                "ended_at": each.ended_at,
            }
        )
        for each in standing.engagements
    ]


def _contact_id(alert: Alert, engagement: Engagement) -> str:
    """The person's `contact_id`. For the person whom the alert is for, it is the one that the sender used."""
    if engagement.clinician_id == alert.clinician_id:
        return alert.contact_id
    return engagement.clinician.contact_id


def _proof(standing: Responsibility, engagement: Engagement) -> str | None:
    answer = standing.answers.get(engagement.pk)
    return answer.proof if answer else None


def _step(engagement: Engagement) -> int | None:
    return None if engagement.step is None else engagement.step + 1


# one of each for all requests
_responsibility = ResponsibilitySerializer()
_engagement = EngagementSerializer()
