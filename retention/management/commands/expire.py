"""`manage.py expire` blanks or deletes data whose time is over. A relay does the same each night."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import database
from retention import run
from retention.blanking import Done
from retention.management.interruption import in_a_sentence
from retention.run import Result, Step

BUSY = (
    "A relay, or another command, lets data expire or erases at this moment. Nothing was done: run this again when it "
    "has ended."
)


class Command(BaseCommand):
    """It can be stopped at any time, and begun again."""

    help = (
        "Replace texts, patient references and addresses whose time is over, and delete what is older still."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            self._handle(dry_run=options["dry_run"])

    def _handle(self, *, dry_run: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # the first run has years to look at
        if dry_run:
            self._count()
            return
        with database.advisory_lock(database.Lock.EXPIRY) as is_mine:
            if not is_mine:
                raise CommandError(BUSY)
            results = run.run(progress=self._say)
        self._report(results)

    def _count(self) -> None:
        for step in run.steps():
            if step.before is None:
                self.stdout.write(f"{step.title}: kept for ever")
            else:
                self.stdout.write(
                    f"{step.title}: {step.waiting(step.before):,} (before {step.before:%Y-%m-%d})"
                )
        self.stdout.write("Nothing was changed. Run it without --dry-run, or leave it to the relay at night.")

    def _say(self, step: Step, done: Done) -> None:
        self.stdout.write(f"{step.title}: {done.total():,} rows so far")

    def _report(self, results: list[Result]) -> None:
        for each in results:
            rows = ", ".join(f"{table} {count:,}" for table, count in sorted(each.done.items()))
            kept = "kept for ever" if each.step.before is None else "nothing"
            self.stdout.write(f"{each.step.title}: {rows or kept}")
        self.stdout.write(
            "Done. Data that was under way, or locked by somebody at that moment, expires another night. Backups still "
            "have the data: docs/recovery.md says how long they may be kept."
        )
