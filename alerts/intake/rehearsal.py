"""Takes a test alert the whole way, from the token on, and rolls it back."""

import uuid
from dataclasses import replace

from django.db import transaction

from alerts.intake.at_once import accept_at_once
from alerts.intake.step_by_step import NewAlert, accept
from alerts.models import WriteProbe
from clients import tokens
from clients.models import ApiClient, ApiToken
from contacts import preferences
from contacts.choices import Channel
from contacts.models import Clinician

INVENTED_NUMBER = "+447700900000"
"""A number from the range for fiction, which nobody has."""


def rehearse(new: NewAlert) -> None:
    """Take an alert for an invented clinician from an invented client, and roll everything back.

    Raises:
        Error: the database would not have stored it.
    """
    with transaction.atomic():
        invented = str(uuid.uuid4())
        client = ApiClient.objects.create(name=invented)
        ApiToken.objects.create(client=client, digest=tokens.digest(invented))
        clinician = Clinician.objects.create(contact_id=invented, name=invented, sms_number=INVENTED_NUMBER)
        preferences.replace(clinician, {new.priority: [Channel.SMS]})
        invented_alert = replace(new, message_id=invented, contact_id=invented)
        found = tokens.find(invented)
        # With a plan for everybody no alert is usual.
        if found is None or accept_at_once(token=found.token, new=invented_alert).accepted is None:
            accept(client=client, new=invented_alert)
        transaction.set_rollback(True)
    WriteProbe.objects.write()
