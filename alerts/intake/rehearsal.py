"""Taking a test alert the whole way, from the token on, and leaving nothing of it behind."""

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
"""From the range for fiction: nobody has it."""


def rehearse(new: NewAlert) -> None:
    """Take an alert for an invented clinician from an invented client, and leave nothing behind but the time.

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
        # A plan for everybody makes it unusual.
        if found is None or accept_at_once(token=found.token, new=invented_alert).accepted is None:
            accept(client=client, new=invented_alert)
        transaction.set_rollback(True)
    WriteProbe.objects.write()
