"""A rate limit that tests can use up."""

import pytest

from alerts.channels import Budget
from alerts.models import Delivery
from alerts.sending import rate_limit
from contacts.choices import Channel, Priority
from tests.alerts.factories import limit_to

WINDOW = 600
"""Seconds: long enough for the slowest machine to stay within one."""


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every channel may be used four times in ten minutes."""
    limit_to(monkeypatch, Budget(4, WINDOW))


def granted(channel: Channel, priority: Priority, times: int, clinician_id: int = 1) -> int:
    """How many of so many deliveries find room."""
    wanted = Delivery(channel=channel, priority=priority, clinician_id=clinician_id)
    return sum(rate_limit.acquire(wanted) is None for _ in range(times))
