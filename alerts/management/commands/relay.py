"""`manage.py relay`: run a relay until SIGTERM or SIGINT."""

import signal
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from alerts.relay.loop import Relay
from config import tracing


class Command(BaseCommand):
    """Runs in the foreground. Start as many as you like."""

    requires_system_checks = (Tags.security,)  # the settings; the other checks load every page of the admin
    help = "Hand due deliveries to the workers, and recover those whose worker died. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        tracing.start()
        relay = Relay()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        relay.run()
