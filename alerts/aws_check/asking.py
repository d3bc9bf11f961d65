"""A check of AWS, and its result when AWS gives no answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts.channels import ChannelError, aws
from alerts.channels.base import Fault
from alerts.states import Reason

REFUSED_TO_TELL = ("AccessDenied", "AuthorizationError")
"""Beginnings of the error codes with which AWS refuses these credentials the question."""


def client(service: aws.Service) -> Any:
    """A client with short timeouts, because somebody is waiting in front of the page. Raises ChannelError."""
    return aws.client(service, read_seconds=aws.LOOK_UP_SECONDS)


class Verdict(StrEnum):
    """How good the result of a check is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """The result: what was checked, how good it is, and what to do."""

    subject: str
    verdict: Verdict
    sentence: str
    advice: str = ""
    """The advice as a sentence; empty if nothing is to be done."""


@dataclass(frozen=True)
class Check:
    """Something to ask AWS."""

    subject: str
    action: str
    """The permission that the question takes, as IAM calls it."""
    ask: Callable[[], Iterator[Result]]
    """May raise ChannelError."""

    def results(self) -> Iterator[Result]:
        """The results; or one result that says why AWS gave none."""
        try:
            with aws.translated():
                yield from self.ask()
        except ChannelError as error:
            yield self._unanswered(error)

    def _unanswered(self, error: ChannelError) -> Result:
        if error.code.startswith(REFUSED_TO_TELL):
            return Result(
                self.subject,
                Verdict.UNKNOWN,
                "AWS does not tell this to Bleep.",
                f"Allow {self.action} to Bleep's role, or look it up in AWS's console.",
            )
        if error.reason == Reason.MISCONFIGURED or error.fault is Fault.REJECTED:
            return Result(
                self.subject,
                Verdict.WRONG,
                f"AWS refuses the question ({error.code}).",
                "Correct what it was asked about: the settings, the Region, or the host's clock.",
            )
        return Result(
            self.subject,
            Verdict.UNKNOWN,
            f"AWS has not answered ({error.code}).",
            "Try again, and see whether this host reaches AWS.",
        )


def unknown(subject: str, sentence: str, advice: str) -> Result:
    """A result that is not known."""
    return Result(subject, Verdict.UNKNOWN, sentence, advice)


def ok(subject: str, sentence: str) -> Result:
    """All is well."""
    return Result(subject, Verdict.OK, sentence)


def warning(subject: str, sentence: str, advice: str) -> Result:
    """Alerts are sent, but not for long, or not all."""
    return Result(subject, Verdict.WARNING, sentence, advice)


def wrong(subject: str, sentence: str, advice: str) -> Result:
    """Alerts are not sent."""
    return Result(subject, Verdict.WRONG, sentence, advice)
