"""Answers of AWS, and the checks that they are for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from alerts import aws_check
from alerts.aws_check.asking import Check, Result, client

Stub = Callable[..., Stubber]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Give an answer to the next question that a service is asked; a text is the code of an error."""
    stubbers: dict[str, Stubber] = {}

    def answer(service: Any, operation: str, with_: Any) -> Stubber:
        if service not in stubbers:
            stubbers[service] = Stubber(client(service))
            stubbers[service].activate()
        if isinstance(with_, str):
            stubbers[service].add_client_error(operation, with_, "", 403)
        else:
            stubbers[service].add_response(operation, with_)
        return stubbers[service]

    yield answer
    for stubber in stubbers.values():
        stubber.assert_no_pending_responses()
        stubber.deactivate()


def only(check: Check) -> Result:
    """The only result of a check."""
    [result] = check.results()
    return result


def check(subject: str) -> Check:
    """The check of a subject."""
    return next(each for each in aws_check.CHECKS if each.subject == subject)
