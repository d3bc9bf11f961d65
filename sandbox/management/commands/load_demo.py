"""`manage.py load_demo`: the published sample's clinician and token, plans, and an admin login. Local mode only."""

import os
import time
from argparse import ArgumentParser
from datetime import timedelta
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
from oncall import plans
from oncall.models import LONGEST_WAIT, SHORTEST_WAIT, Plan, Target
from oncall.plans import FrozenStep, Use

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
COLLEAGUE = {
    "name": "Second Demo Clinician",
    "role": "Consultant",
    "department": "Haematology",
    "call_number": "+447700900200",
    "sms_number": "+447700900200",
    "email": "second@dev.co.uk",
}
COLLEAGUE_PREFERENCES = {**PREFERENCES, Priority.HIGH: [Channel.CALL, Channel.SMS]}
PLAN, WRITTEN_PLAN = "Demo: High", "Demo: Medium and Low"
"""For C-1's calls; and for C-2's SMS and e-mails, which say how to answer them."""
WAIT_VARIABLE = "DEMO_WAIT_SECONDS"
WAIT_SECONDS = "120"


class Command(BaseCommand):
    """Safe to run again: it does not change what already exists."""

    help = (
        "Load the demo clinicians C-1 and C-2, plans that ask them, the demo token and the login admin/admin. "
        "Refuses outside local mode."
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
        self.stdout.write(
            "The demo is loaded: clinicians C-1 and C-2, the sample's token, login admin/admin."
        )

    def _load(self) -> None:
        fields = {**CLINICIAN, "sms_number": to_e164(CLINICIAN["sms_number"])}
        first = self._clinician("C-1", fields, PREFERENCES)
        second = self._clinician("C-2", COLLEAGUE, COLLEAGUE_PREFERENCES)
        self._plan(PLAN, first, second, Priority.HIGH)
        self._plan(WRITTEN_PLAN, second, first, Priority.MEDIUM, Priority.LOW)
        client, _ = ApiClient.objects.get_or_create(
            name="Demo hospital system", defaults={"requests_per_minute": 100_000}
        )
        if not ApiToken.objects.filter(digest=tokens.digest(sample.TOKEN)).exists():
            tokens.issue(client=client, secret=sample.TOKEN, label="The published sample's token")
        users = get_user_model().objects
        if not users.filter(username=sample.LOGIN).exists():
            users.create_superuser(sample.LOGIN, password=sample.PASSWORD)

    def _subscribe(self) -> None:
        """Have the clinicians' e-mail addresses confirmed, which the stand-in for AWS does at once.

        The stand-in has forgotten all subscriptions of earlier runs. The relay makes the others again.
        """
        notes.start_over()
        demo = Clinician.objects.filter(contact_id__in=["C-1", "C-2"])
        until = time.monotonic() + SUBSCRIBED_SECONDS

        def has_ended() -> bool:
            known = [each.email_subscription() for each in demo.exclude(email="")]
            return all(each and each.is_confirmed for each in known) or time.monotonic() > until

        while not has_ended():
            Reconciler().run(has_ended)
            time.sleep(POLL_SECONDS)

    def _clinician(
        self, contact_id: str, fields: dict[str, str], wanted: dict[Priority, list[Channel]]
    ) -> Clinician:
        clinician, is_new = Clinician.objects.get_or_create(contact_id=contact_id, defaults=fields)
        if is_new:
            preferences.replace(clinician, wanted)
        return clinician

    def _plan(self, name: str, first: Clinician, second: Clinician, *priorities: Priority) -> None:
        """Alerts to the first want an answer, and then the second is asked. The variable changes an old plan, too."""
        plan, is_new = Plan.objects.get_or_create(name=name)
        if is_new or os.environ.get(WAIT_VARIABLE):
            steps = [
                FrozenStep(Target.ADDRESSED, None, _wait()),
                FrozenStep(Target.NAMED, second.pk, _wait()),
            ]
            plans.write(plan, steps, [Use(priority, first) for priority in priorities])


def _wait() -> timedelta:
    given = os.environ.get(WAIT_VARIABLE) or WAIT_SECONDS
    if not given.isdecimal() or not SHORTEST_WAIT <= timedelta(seconds=int(given)) <= LONGEST_WAIT:
        raise CommandError(f"{WAIT_VARIABLE} must be a whole number from 5 to 86400.")
    return timedelta(seconds=int(given))
