"""`manage.py erase` erases one patient reference or one clinician, and prints a certificate."""

import getpass
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import database
from retention import erasure
from retention.management.interruption import in_a_sentence

BUSY = (
    "A relay, or another command, lets data expire or erases at this moment. Nothing was erased: run this again when "
    "it has ended."
)
ASKED = {"patient": "Patient reference: ", "clinician": "Contact ID: "}


class Command(BaseCommand):
    """The value is asked for, or read from standard input: in a command it would stay in the shell's history."""

    help = "Erase one patient reference, or one clinician who is inactive. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--patient", action="store_true", help="the reference is asked for")
        kind.add_argument("--clinician", action="store_true", help="the contact ID is asked for")
        parser.add_argument("--by", default="", help="who does it; by default the operating system's user")
        parser.add_argument(
            "--certificate", type=Path, metavar="FILE", help="write the certificate here, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["certificate"]
        if file is not None and file.exists():
            raise CommandError(f"{file} exists already. Name another file. Nothing was erased.")
        kind = "patient" if options["patient"] else "clinician"
        value = self._ask(ASKED[kind])
        if not value:
            raise CommandError("Nothing was given, so nothing was erased.")
        with in_a_sentence():
            certificate = self._erase(kind, value, options["by"] or _user())
        self.stdout.write(certificate)
        if file is not None:
            try:
                file.write_text(certificate + "\n", encoding="utf-8")
            except OSError as error:
                raise CommandError(
                    f"The certificate above cannot be written to {file}: {error.strerror}."
                ) from None

    @staticmethod
    def _erase(kind: str, value: str, by: str) -> str:
        erase = erasure.of_patient if kind == "patient" else erasure.of_clinician
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        with database.advisory_lock(database.Lock.EXPIRY) as is_mine:
            if not is_mine:
                raise CommandError(BUSY)
            try:
                return str(erase(value, by=by))
            except erasure.Refused as refused:
                raise CommandError(str(refused)) from None

    @staticmethod
    def _ask(prompt: str) -> str:
        """Ask for the value without showing it; read one line if standard input is a pipe."""
        given = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
        return given.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        return f"user {os.getuid()}"
