"""Asks AWS whether Bleep can send: `manage.py aws_check`. It sends nothing, changes nothing and costs nothing."""

from collections.abc import Iterator

from alerts.aws_check import account, calls, encryption, messages, permissions
from alerts.aws_check.asking import Check, Result, Verdict

CHECKS: tuple[Check, ...] = (
    *account.CHECKS,
    *permissions.CHECKS,
    *calls.CHECKS,
    *messages.CHECKS,
    *encryption.CHECKS,
)


def run() -> Iterator[Result]:
    """The results, each as soon as it is known.

    If AWS does not say whose the credentials are, the first result is the only one: the others would fail, too.
    """
    for check in CHECKS:
        results = list(check.results())
        yield from results
        if check is account.CREDENTIALS and results[0].verdict is not Verdict.OK:
            return
