"""`manage.py aws_check` asks AWS whether Bleep can send."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts import aws_check
from alerts.aws_check.asking import Verdict

MARKS = {Verdict.OK: "ok", Verdict.WARNING: "WARNING", Verdict.WRONG: "WRONG", Verdict.UNKNOWN: "unknown"}


class Command(BaseCommand):
    """Prints each result as soon as it is known. Ends with exit status 1 if something is wrong."""

    help = "Ask AWS whether Bleep can send. Sends nothing, changes nothing, and costs nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found: Counter[Verdict] = Counter()
        for result in aws_check.run():
            found[result.verdict] += 1
            advice = f" {result.advice}" if result.advice else ""
            self.stdout.write(f"{MARKS[result.verdict]:8} {result.subject}: {result.sentence}{advice}")
        if found[Verdict.WRONG]:
            raise CommandError(
                f"{found[Verdict.WRONG]} of {found.total()} are wrong: Bleep cannot send all alerts."
            )
        self.stdout.write(
            "Nothing is wrong."
            if found.total() == found[Verdict.OK]
            else "Nothing is wrong, but see the lines above that are not ok."
        )
