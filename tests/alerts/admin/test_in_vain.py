"""Alerts whose tries keep failing, on Home: how many, the most urgent by name, and the list of just these."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.channels import ChannelError, Fault
from alerts.deliveries import lifecycle
from alerts.deliveries.retry import Retry
from alerts.models import Alert, Delivery
from alerts.states import AlertState, Reason
from contacts.choices import Channel, Priority
from staff.home.items import Item
from tests.alerts.attempt_outcomes import UNREACHABLE, Record
from tests.alerts.conftest import Store
from tests.alerts.factories import claim, current
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
TryInVain = Callable[..., Delivery]


@pytest.fixture
def try_in_vain(store: Store) -> TryInVain:
    """Take an alert, some minutes ago, of which one try has failed."""

    def take(priority: Priority, minutes: int, contact_id: str = "C-1") -> Delivery:
        delivery = store(priority, contact_id)
        error = ChannelError(Fault.UNSENT, Reason.UNREACHABLE)
        lifecycle.mark_failed(claim(delivery), error, Retry(timedelta()))
        ago = Now() - timedelta(minutes=minutes, seconds=5)
        Alert.objects.filter(pk=delivery.alert_id).update(created_at=ago)
        Delivery.objects.filter(pk=delivery.pk).update(created_at=ago)
        return current(delivery)

    return take


def item_on_home(client: Client) -> Item | None:
    caches["process"].clear()
    items: list[Item] = client.get("/admin/").context["attention"].items
    return next((each for each in items if each.kind == "in vain"), None)


def listed(client: Client) -> list[Alert]:
    answer: Any = client.get("/admin/alerts/alert/?status=in-vain")
    return list(answer.context["cl"].result_list)


def test_it_counts_them_and_names_high_first_and_then_the_oldest(
    operator: Client, try_in_vain: TryInVain
) -> None:
    make_clinician("D-1", {H: [Channel.CALL]}, name="Heart surgeon")
    for minutes in (6, 7):
        try_in_vain(M, minutes)
    try_in_vain(H, 2, "D-1")

    item = item_on_home(operator)

    assert item is not None
    assert item.sentence == "3 alerts are held up because tries keep failing, 1 of High priority."
    assert [link.text for link in item.links] == [
        "High: Heart surgeon, 2 min ago",
        "Medium: Clinician C-1, 7 min ago",
        "Medium: Clinician C-1, 6 min ago",
    ]
    assert (item.urgent, item.count) == (True, 3)


def test_without_high_it_is_not_urgent(operator: Client, try_in_vain: TryInVain) -> None:
    try_in_vain(M, 6)

    item = item_on_home(operator)

    assert item is not None
    assert item.sentence == "1 alert is held up because tries keep failing."
    assert not item.urgent


def test_its_link_lists_exactly_these(operator: Client, try_in_vain: TryInVain, store: Store) -> None:
    waits, being_sent = try_in_vain(M, 6), try_in_vain(H, 2)
    claim(being_sent)
    store(H)
    try_in_vain(L, 6)

    item = item_on_home(operator)

    assert item is not None
    assert item.show_all is not None
    assert item.show_all.url == "/admin/alerts/alert/?status=in-vain"
    assert {each.pk for each in listed(operator)} == {waits.alert_id, being_sent.alert_id}
    assert item.count == 2


@pytest.mark.parametrize("over", ["state", "test", "first try", "pause", "down"])
def test_an_alert_that_is_over_or_waits_for_something_else_is_not_among_them(
    operator: Client, try_in_vain: TryInVain, record: Record, over: str
) -> None:
    delivery = try_in_vain(M, 6)
    assert item_on_home(operator) is not None
    match over:
        case "state":
            Alert.objects.update(state=AlertState.CLOSED)
        case "test":
            Alert.objects.update(is_test=True, client=None)
        case "first try":
            Delivery.objects.update(state="sending", lease_token=uuid.uuid4(), lease_expires_at=Now())
        case "pause":
            Delivery.objects.update(begins_at=Now() - timedelta(minutes=1))
        case "down":
            record(Channel(delivery.channel), *[UNREACHABLE] * 5)

    assert item_on_home(operator) is None
    assert listed(operator) == []


def test_names_cost_no_query_each(operator: Client, try_in_vain: TryInVain) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert item_on_home(operator) is not None
        return len(captured)

    try_in_vain(M, 6)
    few = queries()
    for _ in range(3):
        try_in_vain(M, 6)

    assert queries() == few
