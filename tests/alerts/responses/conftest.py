"""Handsets whose replies come into AWS's queue."""

import pytest
from pytest_django.fixtures import Settings

from alerts.channels import queues
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from tests.alerts.responses.handsets import Handsets
from tests.aws import Aws


@pytest.fixture
def handsets(aws: Aws, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Handsets:
    settings.SMS_REPLY_QUEUE_URL = reply_queue_url(aws.url)
    settings.SMS_ORIGINATION_NUMBER = ORIGINATION_NUMBER
    monkeypatch.setattr(queues, "WAIT_SECONDS", 0)
    return Handsets(aws)
