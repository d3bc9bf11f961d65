"""`manage.py worker`: run a worker until SIGTERM, as `celery worker` does.

Celery's own command also loads a shell for its other commands: 8 MB in each worker.
"""

import os
import sys
from typing import Any

from celery.utils.nodenames import host_format
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser

from config.celery import app


class Command(BaseCommand):
    """Runs in the foreground. Start as many as you like."""

    requires_system_checks = (Tags.security,)  # the settings; the other checks load every page of the admin
    help = "Send what the relays hand over. Runs until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the worker's name, which the host's is added to")
        parser.add_argument(
            "-Q", "--queues", required=True, help="the queues to take from, first things first"
        )
        parser.add_argument(
            "-c", "--threads", required=True, type=int, help="how many deliveries to send at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["CELERY_SKIP_CHECKS"] = "1"  # the checks above are enough
        # No gossip and no mingle: the database decides who sends what.
        worker = app.Worker(
            hostname=host_format(f"{options['name']}@%h"),
            queues=options["queues"],
            pool="threads",
            concurrency=options["threads"],
            without_gossip=True,
            without_mingle=True,
            include="deploy.liveness",  # serves the health check
            quiet=True,
        )
        worker.start()
        sys.exit(worker.exitcode)
