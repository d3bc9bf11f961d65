"""A relay that health checks hear."""

import pytest

from alerts.models import RelayHeartbeat


@pytest.fixture
def a_relay(db: None) -> None:
    """A relay was at work just now, so that nothing is wrong."""
    RelayHeartbeat.objects.create(relay="ward:1")
