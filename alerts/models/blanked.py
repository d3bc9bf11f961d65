"""What remains of an alert whose texts have expired or were erased."""

import json
from typing import Any

from django.db import models
from django.db.models.functions import Now

from alerts.models.alert import Alert
from audit import digests

COMPARED = ("type", "patient_id", "contact_id", "description", "priority")
"""Two alerts with the same `message_id` are the same alert if these fields are equal."""


class BlankedAlert(models.Model):
    """What the sender sent, as a keyed digest. It still shows that an alert is a repeat, and nobody can read it."""

    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, primary_key=True, related_name="blanked")
    at = models.DateTimeField(db_default=Now())
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Alert {self.alert_id} since {self.at:%Y-%m-%d}"


def digest_of(sent: Any) -> str:
    """The digest of an alert, stored or new. Without AUDIT_KEY nobody can make it."""
    return digests.of(
        json.dumps(["alert", sent.message_id, *(str(getattr(sent, each)) for each in COMPARED)])
    )
