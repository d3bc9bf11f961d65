"""The endpoint that takes an alert."""

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.generics import CreateAPIView
from rest_framework.serializers import BaseSerializer

from bench.reference.models import Alert, Delivery
from bench.reference.serializers import AlertSerializer
from bench.reference.tasks import deliver


class SendAlertView(CreateAPIView[Alert]):
    """Store an alert with its first delivery, and queue the delivery."""

    queryset = Alert.objects.all()
    serializer_class = AlertSerializer

    @transaction.atomic
    def perform_create(self, serializer: BaseSerializer[Alert]) -> None:
        alert = serializer.save(client=self.request.user)
        first = alert.clinician.preferences.filter(priority=alert.priority).first()
        if first is None:
            raise ValidationError({"contact_id": ["There is no channel for this priority."]})
        address = alert.clinician.address(first.channel)
        delivery = Delivery.objects.create(alert=alert, channel=first.channel, address=address)
        deliver.delay_on_commit(delivery.pk)
