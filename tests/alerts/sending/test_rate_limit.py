"""How fast each channel may be used: who gets a place, and who shares it."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from alerts.channels import ADAPTERS, Budget
from alerts.models import Attempt, Delivery
from alerts.sending import rate_limit, send as sending
from alerts.states import DeliveryState
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import limit_to
from tests.alerts.sending.conftest import WINDOW, granted
from tests.aws import Aws
from tests.config.server import run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def let_pass(broker: "redis.Redis", seconds: float) -> None:
    """As if what was counted had been counted so much earlier."""
    for key in broker.keys("*bleep:rate:*"):
        taken = [int(each) - int(seconds * 1000) for each in broker.lrange(key, 0, -1)]
        broker.delete(key)
        broker.rpush(key, *taken)


@pytest.mark.parametrize(
    ("channel", "changes", "budget", "for_others"),
    [
        (Channel.CALL, {}, Budget(4, 2), 3),
        (Channel.CALL, {"CONNECT_CALLS_PER_SECOND": 1}, Budget(2, 2), 1),
        (Channel.CALL, {"CONNECT_CALLS_PER_SECOND": 10}, Budget(20, 2), 15),
        (Channel.SMS, {}, Budget(20, 1), 15),
        (Channel.SMS, {"SMS_PER_SECOND": 1}, Budget(2, 2), 1),
        (Channel.SMS, {"SMS_PER_SECOND": 2}, Budget(2, 1), 1),
        (Channel.EMAIL, {}, Budget(8, 1), 6),
    ],
)
def test_the_budgets_are_within_the_quotas_of_aws_and_keep_a_share_for_high(
    settings: Settings, channel: Channel, changes: dict[str, int], budget: Budget, for_others: int
) -> None:
    settings.CONNECT_CALLS_PER_SECOND, settings.SMS_PER_SECOND = 2, 20
    for name, value in changes.items():
        setattr(settings, name, value)

    assert ADAPTERS[channel].budget() == budget
    assert budget.for_others == for_others < budget.amount


@pytest.mark.parametrize("channel", Channel)
def test_no_more_find_room_than_the_budget_has(four: None, channel: Channel) -> None:
    assert granted(channel, H, 10) == 4


@pytest.mark.parametrize("channel", Channel)
def test_the_others_cannot_use_up_what_high_needs(four: None, channel: Channel) -> None:
    assert (granted(channel, L, 10), granted(channel, M, 10)) == (3, 0)
    assert granted(channel, H, 10) == 1


@pytest.mark.parametrize("channel", Channel)
def test_high_may_use_all_of_it(four: None, channel: Channel) -> None:
    granted(channel, H, 4)

    assert granted(channel, M, 10) == 0


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.SMS])
def test_the_budget_is_for_the_account_and_not_for_each_person(four: None, channel: Channel) -> None:
    assert granted(channel, H, 10, clinician_id=1) == 4
    assert granted(channel, H, 10, clinician_id=2) == 0


def test_each_clinician_has_a_budget_of_email(four: None) -> None:
    assert granted(Channel.EMAIL, H, 10, clinician_id=1) == 4
    assert granted(Channel.EMAIL, H, 10, clinician_id=2) == 4


def test_the_window_moves(four: None, broker: "redis.Redis") -> None:
    granted(Channel.SMS, H, 3)
    let_pass(broker, WINDOW / 2)
    granted(Channel.SMS, H, 1)
    let_pass(broker, WINDOW / 2 + 1)

    assert granted(Channel.SMS, H, 10) == 3


def test_questions_have_a_budget_of_their_own(four: None) -> None:
    granted(Channel.CALL, H, 4)

    assert [rate_limit.acquire_for_question(Channel.CALL, H) for _ in range(5)] == [True] * 4 + [False]


def test_questions_about_others_cannot_use_up_what_high_needs(four: None) -> None:
    assert [rate_limit.acquire_for_question(Channel.CALL, L) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [rate_limit.acquire_for_question(Channel.CALL, H) for _ in range(2)] == [True, False]


def test_the_window_moves_also_once_the_clock_of_redis_was_set_back(
    four: None, broker: "redis.Redis"
) -> None:
    granted(Channel.SMS, M, 10)
    let_pass(broker, -3600)

    assert (granted(Channel.SMS, M, 10), granted(Channel.SMS, H, 10)) == (3, 1), "the quota, and no more"


def test_who_finds_no_place_in_one_share_takes_none_in_the_other(four: None, broker: "redis.Redis") -> None:
    granted(Channel.SMS, H, 4)

    granted(Channel.SMS, M, 10)

    assert broker.keys("*bleep:rate:*") == [b"bleep:rate:sms:all"]


def test_counts_are_not_kept_for_ever(four: None, broker: "redis.Redis") -> None:
    granted(Channel.SMS, M, 10)

    kept = {key: broker.pttl(key) for key in broker.keys("*bleep:rate:*")}
    assert len(kept) == 2
    assert all(0 < each <= WINDOW * 1000 for each in kept.values())
    assert [broker.llen(key) for key in sorted(kept)] == [3, 3]


def test_a_place_costs_one_round_trip(
    four: None, broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(Channel.SMS, M, 1)
    before: Any = broker.info("commandstats")

    granted(Channel.SMS, M, 1)

    after: Any = broker.info("commandstats")
    assert after["cmdstat_evalsha"]["calls"] - before["cmdstat_evalsha"]["calls"] == 1


ANOTHER_PROCESS = """
import importlib, sys, time
ahead, tell = float(sys.argv[1]), time.time
time.time = lambda: tell() + ahead
import django
django.setup()
from dataclasses import replace
from alerts.channels import ADAPTERS, Budget
from alerts.models import Delivery
from alerts.sending import moving_window, rate_limit
importlib.reload(moving_window), importlib.reload(rate_limit)  # with that clock
ADAPTERS["call"] = replace(ADAPTERS["call"], budget=lambda: Budget(40, 600))
rate_limit._backlog = lambda *_: 0
wanted = Delivery(channel="call", priority="H", clinician_id=1)
print(sum(rate_limit.acquire(wanted) is None for _ in range(40)))
"""


def granted_to_another_process(ahead: float = 0.0) -> int:
    """How many of forty calls find room in a process whose clock is so many seconds ahead."""
    child = run("-c", ANOTHER_PROCESS, str(ahead), REDIS_URL=django_settings.REDIS_URL)
    assert child.returncode == 0, child.stderr
    return int(child.stdout)


def test_two_processes_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_to(monkeypatch, Budget(40, 600))
    granted(Channel.CALL, H, 25)

    assert granted_to_another_process() == 15
    assert granted(Channel.CALL, H, 10) == 0


@pytest.mark.parametrize("ahead", [3600, -3600], ids=["ahead", "behind"])
def test_a_host_whose_clock_is_wrong_takes_no_more_and_for_no_longer_than_the_others(
    monkeypatch: pytest.MonkeyPatch, broker: "redis.Redis", ahead: float
) -> None:
    limit_to(monkeypatch, Budget(40, WINDOW))

    assert granted_to_another_process(ahead) == 40
    assert granted(Channel.CALL, H, 10) == 0

    let_pass(broker, WINDOW + 1)
    assert granted(Channel.CALL, H, 50) == 40


def waits(channel: Channel, priority: Priority, clinician_id: int = 1) -> list[float]:
    """The seconds for which a hundred deliveries are put off where there is no room."""
    wanted = Delivery(channel=channel, priority=priority, clinician_id=clinician_id)
    held = [rate_limit.acquire(wanted) for _ in range(104)]
    return [each.total_seconds() for each in held if each is not None][-100:]


@pytest.mark.parametrize("priority", Priority)
def test_a_few_that_find_no_room_come_back_within_a_window(
    monkeypatch: pytest.MonkeyPatch, priority: Priority
) -> None:
    limit_to(monkeypatch, Budget(4, 2))

    drawn = [each for _ in range(20) for each in waits(Channel.CALL, priority)]

    assert 0.5 <= min(drawn) < max(drawn) <= 2
    assert max(drawn) - min(drawn) > 1


def test_a_backlog_is_spread_over_the_time_that_it_takes(settings: Settings, store: Store) -> None:
    settings.SMS_PER_SECOND = 2
    for _ in range(60):
        store(M)

    drawn = waits(Channel.SMS, M)

    assert 15 < max(drawn) <= 30


def test_a_backlog_is_counted_no_further_than_it_matters(store: Store) -> None:
    for _ in range(5):
        store(M)

    with CaptureQueriesContext(connection) as captured:
        counted = rate_limit._backlog(Channel.SMS, M, None, 3, 1)  # noqa: SLF001 - what it costs shows nowhere else

    assert counted == 3
    assert "ORDER BY" not in captured[0]["sql"], "or all would be sorted first"


def test_a_backlog_of_others_does_not_make_high_wait(settings: Settings, store: Store) -> None:
    settings.SMS_PER_SECOND = 2
    for _ in range(60):
        store(M)

    assert max(waits(Channel.SMS, H)) <= 1


def test_one_clinicians_backlog_of_email_makes_nobody_else_wait(store: Store, clinician: Clinician) -> None:
    for _ in range(60):
        store(L)

    assert max(waits(Channel.EMAIL, L, clinician.pk)) > 1
    assert max(waits(Channel.EMAIL, L, clinician.pk + 1)) <= 1


def test_high_is_never_put_off_for_long(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    limit_to(monkeypatch, Budget(1, 2))
    for _ in range(30):
        store(H)

    assert 2 < max(waits(Channel.CALL, H)) <= 10


def test_a_delivery_over_the_limit_is_put_back_with_a_time_and_no_attempt(
    monkeypatch: pytest.MonkeyPatch, store: Store, aws: Aws, broker: "redis.Redis"
) -> None:
    limit_to(monkeypatch, Budget(1, WINDOW))
    first, second = store(M), store(M, handed_over_at=Now())

    for each in (first, second):
        sending.deliver(each.pk)

    assert len(aws.messages()) == 1
    second.refresh_from_db()
    assert (second.state, second.attempt_count, second.handed_over_at) == (DeliveryState.PENDING, 0, None)
    assert second.available_at > second.created_at + timedelta(minutes=1)
    assert Attempt.objects.count() == 1

    let_pass(broker, WINDOW + 1)
    sending.deliver(second.pk)
    assert len(aws.messages()) == 1, "it was sent before its time"
    Delivery.objects.filter(pk=second.pk).update(available_at=Now())
    sending.deliver(second.pk)
    assert len(aws.messages()) == 2


def test_nothing_about_a_person_is_in_redis(store: Store, aws: Aws, broker: "redis.Redis") -> None:
    for priority in Priority:
        sending.deliver(store(priority).pk)

    keys = b" ".join(broker.keys("*"))  # type: ignore[arg-type]
    assert b"bleep:rate:email" in keys
    for private in (b"7700", b"@", b"C-1", b"123456789"):
        assert private not in keys
