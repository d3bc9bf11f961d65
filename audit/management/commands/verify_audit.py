"""`manage.py verify_audit` checks that the trail is as it was written."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from audit import verification
from audit.models import Seal

OWNS = """
SELECT bool_or(pg_has_role(tableowner, 'USAGE')) FROM pg_tables WHERE tablename = 'audit_event'
"""
MOST = 50
"""How many problems are printed."""


class Command(BaseCommand):
    """Ends with exit status 1 if a row was changed, is gone, or is in no seal."""

    help = "Check every seal of the trail and every row in it. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seal",
            action="append",
            default=[],
            metavar="NUMBER=DIGEST",
            help="a seal as the log (`audit.sealed`) had it: it must still be in the chain",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        verdict = verification.everything()
        problems = [*verdict.problems, *filter(None, map(_missing, options["seal"]))]
        self.stdout.write(
            f"{verdict.seals} seals with {verdict.rows} rows checked. The texts of {verdict.expired} rows have expired."
        )
        with connection.cursor() as cursor:
            cursor.execute(OWNS)
            (owns,) = cursor.fetchone()
        if owns:
            self.stderr.write(
                "The login to the database owns the tables, so whoever has it can change the trail. Set "
                "MIGRATE_DATABASE_URL, see docs/deployment.md."
            )
        for problem in problems[:MOST]:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problems: the trail is not as it was written.")


def _missing(said: str) -> str:
    number, _, digest = said.partition("=")
    if number.isdecimal() and Seal.objects.filter(pk=number, digest=digest.strip()).exists():
        return ""
    return f"Seal {number} is not the one in the log."
