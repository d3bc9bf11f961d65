"""`manage.py create_token`: a token for an API client, from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from clients import tokens
from clients.models import Access, ApiClient


class Command(BaseCommand):
    """Prints the secret alone on standard output, so that it can be piped into a secret store."""

    help = "Make a token for an API client, and the client too where it is new. The token is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client", help="the client's name, such as 'Lab system'")
        parser.add_argument("--label", default="", help="where the token is used")
        parser.add_argument("--access", choices=Access.values, default=Access.SEND.value)
        parser.add_argument("--days", type=int, help="days until it expires (default: it does not)")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be 1 or more.")
        if not options["client"].strip():
            raise CommandError("The client's name is empty.")
        client, is_new = ApiClient.objects.get_or_create(name=options["client"].strip())
        token, secret = tokens.issue(
            client=client,
            label=options["label"],
            access=Access(options["access"]),
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        self.stderr.write(
            f"{'New client' if is_new else 'Client'} “{client}”: this token begins with {token.prefix}, is shown this "
            f"once, and {f'expires in {days} days' if days else 'does not expire'}. "
            "Send it as `Authorization: Bearer <token>`."
        )
        self.stdout.write(secret)
