"""What a check is, and what it means when AWS does not answer one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts.channels import ChannelError, aws
from alerts.channels.base import Fault
from alerts.states import Reason

REFUSED_TO_TELL = ("AccessDenied", "AuthorizationError")
"""The beginnings of the codes by which AWS says that these credentials may not ask."""


def client(service: aws.Service) -> Any:
    """A client that does not wait long, because somebody is looking at the page. Raises ChannelError."""
    return aws.client(service, read_seconds=aws.LOOK_UP_SECONDS)


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """What was looked at, what it came to, and what to do."""

    subject: str
    verdict: Verdict
    sentence: str
    advice: str = ""
    """A sentence; empty where nothing is to be done."""


@dataclass(frozen=True)
class Check:
    """Something to ask AWS."""

    subject: str
    action: str
    """The permission that it takes, as IAM calls it."""
    ask: Callable[[], Iterator[Result]]
    """May raise ChannelError."""

    def results(self) -> Iterator[Result]:
        """What AWS says; or, in one result, why that is not known."""
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
    """Nobody can tell."""
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
