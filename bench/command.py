"""Options, exit status and progress for all commands here."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import NoReturn

import psycopg

from bench.stack import StackError
from sandbox.services import ServiceError

SHOW_EVERY = 3.0
"""Seconds between two lines of progress."""
NOT_MEASURED = 2
"""The exit status if there is no result, neither good nor bad."""
INTERRUPTED = 130


def conclude(measure: Callable[[], bool]) -> NoReturn:
    """Run a benchmark and exit: 0 if it returns True, 1 if False, 2 if it could not run."""
    try:
        sys.exit(0 if measure() else 1)
    except KeyboardInterrupt:
        print("\nInterrupted: everything is stopped, and there is no result.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (StackError, ServiceError) as error:
        print(f"Not measured. {error}", file=sys.stderr)
    except (psycopg.Error, OSError) as error:
        print(
            f"Not measured. PostgreSQL or the stand-in for AWS failed: {type(error).__name__}: {error}",
            file=sys.stderr,
        )
    sys.exit(NOT_MEASURED)


def whole(least: int, most: int = 1_000_000) -> Callable[[str], int]:
    """For argparse: a whole number from `least` to `most`."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from {least} to {most}.")
        return number

    return read


class Progress:
    """Lines of progress, every few seconds at most."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._shown_at = self.began

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    @property
    def is_due(self) -> bool:
        """Whether another line is due."""
        return time.monotonic() - self._shown_at >= SHOW_EVERY

    def show(self, text: str) -> None:
        """Print a line, if one is due."""
        if self.is_due:
            self.say(text)

    def say(self, text: str) -> None:
        """Print a line now."""
        self._shown_at = time.monotonic()
        print(f"{self.elapsed:5.0f} s  {text}", flush=True)
