"""Alerts to look at, and how their pages are read."""

import html
from typing import Any

from django.test import Client
from django.urls import reverse

from alerts import intake
from alerts.models import Alert
from alerts.states import StaffAction
from clients.models import ApiClient
from contacts.choices import Priority
from tests.factories import an_alert

ALERTS = reverse("admin:alerts_alert_changelist")
SEARCH = reverse("admin:alerts_alert_search")


def store(lab: ApiClient, message_id: str, priority: Priority = Priority.LOW, **changes: Any) -> Alert:
    """Take an alert."""
    body = an_alert(message_id=message_id, **changes)
    return intake.accept(client=lab, new=intake.NewAlert(**{**body, "priority": priority})).alert


def read(browser: Client, address: str, query: dict[str, str] | None = None, *, follow: bool = False) -> str:
    """A page's text."""
    answer: Any = browser.get(address, query, follow=follow)
    return html.unescape(answer.content.decode())


def action_url(action: StaffAction, alert: Alert) -> str:
    return reverse(f"admin:alerts_alert_{action.value}", args=[alert.pk])


def page_of(alert: Alert) -> str:
    return reverse("admin:alerts_alert_change", args=[alert.pk])
