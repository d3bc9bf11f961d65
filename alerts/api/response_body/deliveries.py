"""Deliveries and their attempts, with masked addresses."""

from rest_framework import serializers

from alerts.models import Attempt, Delivery
from alerts.sending import texts
from alerts.states import AttemptState, DeliveryState, Reason
from contacts.choices import Channel
from contacts.masking import mask


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One call to the provider."""

    state = serializers.ChoiceField(choices=AttemptState.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)

    class Meta:
        model = Attempt
        fields = ("number", "state", "reason", "code", "provider_id", "late", "started_at", "finished_at")
        read_only_fields = fields  # each is always there


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One channel that was tried, or is being tried."""

    engagement = serializers.SerializerMethodField(
        help_text="The `number` of the engagement by which its person is asked; `null` if nobody is asked to accept."
    )
    round = serializers.IntegerField(help_text="1, and one more each time that staff send the alert again.")
    position = serializers.IntegerField(help_text="Its place in the round. A channel may be tried again.")
    channel = serializers.ChoiceField(choices=Channel.choices)
    address = serializers.SerializerMethodField(help_text="Masked; `(expired)` once it is gone.")
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    parts = serializers.SerializerMethodField(
        help_text="How many SMS the text takes, as it is sent: AWS charges for each. `null` for a call or an e-mail, "
        "and once the text has expired."
    )
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True, help_text="Why it failed.")

    class Meta:
        model = Delivery
        fields = (
            "id", "engagement", "round", "position", "channel", "address", "parts", "state", "reason",
            "possible_duplicate", "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_engagement(self, delivery: Delivery) -> int | None:
        asked = delivery.alert.responsibility.engagements  # in memory, like the alert
        return next((each.number for each in asked if each.pk == delivery.engagement_id), None)

    def get_address(self, delivery: Delivery) -> str:
        return mask(delivery.address)

    def get_parts(self, delivery: Delivery) -> int | None:
        if delivery.channel != Channel.SMS or delivery.alert.is_blank:
            return None
        return texts.sms_as_sent(delivery).parts


class DeliveryWithAttemptsSerializer(DeliverySerializer):
    """A delivery and each call to the provider for it."""

    attempts = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "attempts")  # type: ignore[assignment]
