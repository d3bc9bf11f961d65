"""`manage.py load_demo`: the published sample's clinician and token, and an admin login. Local mode only."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clients import sample, tokens
from clients.models import ApiClient, ApiToken
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.phone import to_e164

LOGIN = "admin"

CLINICIAN = {
    "name": "Demo Clinician",
    "role": "Registrar",
    "department": "Haematology",
    "call_number": "+447000000000",
    "sms_number": "447000000000",
    "email": "dev@dev.co.uk",
}
PREFERENCES = {
    Priority.HIGH: [Channel.CALL],
    Priority.MEDIUM: [Channel.SMS],
    Priority.LOW: [Channel.EMAIL],
}


class Command(BaseCommand):
    """Safe to run again: it does not change what already exists."""

    help = (
        "Load the demo clinician C-1, the demo token and the login admin/admin. Refuses outside local mode."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL_MODE:
            raise CommandError("The demo has a public token and login. Set LOCAL_MODE=true to load it.")
        self._clinician()
        client, _ = ApiClient.objects.get_or_create(
            name="Demo hospital system", defaults={"requests_per_minute": 100_000}
        )
        if not ApiToken.objects.filter(digest=tokens.digest(sample.TOKEN)).exists():
            tokens.issue(client=client, secret=sample.TOKEN, label="The published sample's token")
        users = get_user_model().objects
        if not users.filter(username=LOGIN).exists():
            users.create_superuser(LOGIN, password=LOGIN)
        self.stdout.write("The demo is loaded: clinician C-1, the sample's token, login admin/admin.")

    def _clinician(self) -> None:
        fields = {**CLINICIAN, "sms_number": to_e164(CLINICIAN["sms_number"])}
        clinician, is_new = Clinician.objects.get_or_create(contact_id="C-1", defaults=fields)
        if is_new:
            preferences.replace(clinician, PREFERENCES)
