"""A superuser's browser, and an alert that failed."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client

from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery
from alerts.states import Reason
from clients.models import ApiClient
from contacts.models import Clinician
from tests.alerts.admin.pages import store


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Who has which role is remembered for longer than a test takes."""
    caches["process"].clear()


@pytest.fixture
def staff(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def failed(lab: ApiClient, clinician: Clinician) -> Alert:
    """A Low alert whose e-mail address was refused."""
    alert = store(lab, "failed-1")
    claim = claims.claim(Delivery.objects.get(alert=alert).pk)
    assert claim is not None
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.mark_failed(claim, error, NextChannel(Reason.INVALID_ADDRESS))
    return alert
