"""The JSON of an alert."""

from rest_framework import serializers

from bench.reference.models import Alert, Clinician


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """An alert. `message_id` has to be new."""

    contact_id = serializers.SlugRelatedField(
        source="clinician", slug_field="contact_id", queryset=Clinician.objects.filter(active=True)
    )

    class Meta:
        model = Alert
        fields = (
            "message_id",
            "type",
            "patient_id",
            "contact_id",
            "description",
            "priority",
            "status",
            "created_at",
        )
        read_only_fields = ("status", "created_at")
