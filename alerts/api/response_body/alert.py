"""An alert and its outcome."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.api.response_body import responsibility as answered
from alerts.api.response_body.deliveries import DeliverySerializer, DeliveryWithAttemptsSerializer
from alerts.api.response_body.responsibility import EngagementSerializer, ResponsibilitySerializer
from alerts.escalation import responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert
from alerts.states import AlertStatus
from contacts.choices import Priority


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """The outcome of an alert, without its text and patient reference."""

    status = serializers.ChoiceField(choices=AlertStatus.choices)
    responsibility = serializers.SerializerMethodField()
    engagements = serializers.SerializerMethodField(help_text="Who was asked to; empty if there was no plan.")
    deliveries = DeliverySerializer(many=True)

    class Meta:
        model = Alert
        fields = ("message_id", "status", "created_at", "responsibility", "engagements", "deliveries")

    @extend_schema_field(ResponsibilitySerializer)
    def get_responsibility(self, alert: Alert) -> dict[str, Any]:
        return answered.summary(alert, alert.responsibility)

    @extend_schema_field(EngagementSerializer(many=True))
    def get_engagements(self, alert: Alert) -> list[dict[str, Any]]:
        return answered.asked(alert, alert.responsibility)


class AlertDetailSerializer(AlertSerializer):
    """An alert with its priority, deliveries and attempts."""

    priority = serializers.ChoiceField(choices=Priority.choices)
    deliveries = DeliveryWithAttemptsSerializer(many=True)

    class Meta(AlertSerializer.Meta):
        fields = (  # type: ignore[assignment]
            "message_id", "status", "type", "priority", "contact_id", "created_at", "responsibility", "engagements",
            "deliveries",
        )  # fmt: skip


class PageSerializer(serializers.Serializer[dict[str, Any]]):
    """A page of a list, newest first."""

    next = serializers.URLField(
        allow_null=True, help_text="The page with older alerts; `null` if there are none."
    )
    previous = serializers.URLField(allow_null=True, help_text="The page with newer alerts.")
    results = AlertSerializer(many=True)


# One of each for all requests: making one takes as long as storing an alert.
_answer = AlertSerializer()
_detail = AlertDetailSerializer()


def answer(alert: Alert, standing: Responsibility | None = None) -> dict[str, Any]:
    """An alert with its status, as its sender reads it. With `standing` there is no query."""
    alert.responsibility = standing or responsibility.of([alert])[alert.pk]
    return _answer.to_representation(alert)


def answers(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """The same for several alerts, with as few queries as for one."""
    standing = responsibility.of(alerts)
    return [answer(alert, standing[alert.pk]) for alert in alerts]


def detail(alert: Alert) -> dict[str, Any]:
    """All details of one alert, as its sender reads them."""
    alert.responsibility = responsibility.of([alert])[alert.pk]
    return _detail.to_representation(alert)
