"""`manage.py create_token` issues a token for an API client."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from clients import tokens
from clients.models import Access, ApiClient, ApiToken
from spelling.normal import normal

MAX_DAYS = 3650


class Command(BaseCommand):
    """Prints only the secret on standard output, so that it can be piped into a secret store."""

    help = "Issue a token for an API client, and add the client if it is new. The token is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client", help="the client's name, such as 'Lab system'")
        parser.add_argument("--label", default="", help="where the token is used")
        parser.add_argument("--access", choices=Access.values, default=Access.SEND.value)
        parser.add_argument("--days", type=int, help="days until it expires (default: it does not)")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--days must be from 1 to {MAX_DAYS}.")
        name, label = normal(options["client"]), normal(options["label"])
        try:
            ApiClient(name=name).clean_fields()
            ApiToken(label=label).clean_fields(exclude=("client", "digest", "prefix"))
        except ValidationError as error:
            raise CommandError(
                " ".join(f"{field}: {' '.join(errors)}" for field, errors in error.message_dict.items())
            ) from error
        with transaction.atomic():  # no new client without a token
            client, is_new = ApiClient.objects.get_or_create(name=name)
            token, secret = tokens.issue(
                client=client,
                label=label,
                access=Access(options["access"]),
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        self.stderr.write(
            f"{'New client' if is_new else 'Client'} “{client}”: this token begins with {token.prefix}, is shown only "
            f"once, and {f'expires in {days} days' if days else 'does not expire'}. "
            "Send it as `Authorization: Bearer <token>`."
        )
        if not client.active:
            self.stderr.write(
                "This client is switched off: the token works once it is switched on in the admin."
            )
        self.stdout.write(secret)
