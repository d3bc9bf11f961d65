"""`manage.py load_demo`: the published sample's clinician and token, and an admin login. Local mode only."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from alerts.subscriptions.reconciling import Reconciler
from clients import sample, tokens
from clients.models import ApiClient, ApiToken
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.phone import to_e164
from contacts.subscriptions import notes

LOGIN = "admin"
SUBSCRIBED_SECONDS = 15.0
"""The stand-in for AWS may still be starting. After that the relay goes on trying."""
POLL_SECONDS = 0.2

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

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--subscribe", action="store_true", help="Have the stand-in for AWS confirm the e-mail address."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL_MODE:
            raise CommandError("The demo has a public token and login. Set LOCAL_MODE=true to load it.")
        with transaction.atomic():
            self._load()
        if options["subscribe"]:
            self._subscribe()
        self.stdout.write("The demo is loaded: clinician C-1, the sample's token, login admin/admin.")

    def _load(self) -> None:
        self._clinician()
        client, _ = ApiClient.objects.get_or_create(
            name="Demo hospital system", defaults={"requests_per_minute": 100_000}
        )
        if not ApiToken.objects.filter(digest=tokens.digest(sample.TOKEN)).exists():
            tokens.issue(client=client, secret=sample.TOKEN, label="The published sample's token")
        users = get_user_model().objects
        if not users.filter(username=LOGIN).exists():
            users.create_superuser(LOGIN, password=LOGIN)

    def _subscribe(self) -> None:
        """Have the clinician's e-mail address confirmed, which the stand-in for AWS does at once.

        The stand-in has forgotten all subscriptions of earlier runs. The relay makes the others again.
        """
        notes.start_over()
        demo = Clinician.objects.filter(contact_id="C-1")
        until = time.monotonic() + SUBSCRIBED_SECONDS

        def has_ended() -> bool:
            known = [each.email_subscription() for each in demo.exclude(email="")]
            return all(each and each.is_confirmed for each in known) or time.monotonic() > until

        while not has_ended():
            Reconciler().run(has_ended)
            time.sleep(POLL_SECONDS)

    def _clinician(self) -> None:
        fields = {**CLINICIAN, "sms_number": to_e164(CLINICIAN["sms_number"])}
        clinician, is_new = Clinician.objects.get_or_create(contact_id="C-1", defaults=fields)
        if is_new:
            preferences.replace(clinician, PREFERENCES)
