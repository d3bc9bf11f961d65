"""The rate limit while Redis is away, hangs, or is elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from pytest_django.fixtures import Settings

from alerts.cooldown import Cooldown
from alerts.sending import rate_limit, send as sending
from contacts.choices import Channel, Priority
from tests.alerts.conftest import Store, closed_port
from tests.alerts.sending.conftest import WINDOW, granted
from tests.aws import Aws
from tests.config.server import silent_server
from tests.limits import THREADS, Slow, all_at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def test_without_redis_each_process_counts_for_itself_over_a_longer_while(
    four: None, settings: Settings
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"

    assert granted(Channel.CALL, L, 10) == 3
    assert granted(Channel.CALL, H, 10) == 1

    own: Any = rate_limit._own().storage  # noqa: SLF001 - to move its time
    for passed, room in ((WINDOW * (rate_limit.PROCESSES - 1), 0), (WINDOW * 1.1, 4)):
        for entry in own.events["LIMITER/bleep:rate:call:all/4/2400/second"]:
            entry.atime -= passed
        assert granted(Channel.CALL, H, 10) == room


def test_without_redis_threads_that_ask_at_once_are_all_answered(
    four: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    monkeypatch.setattr(rate_limit._own(), "storage", Slow())  # noqa: SLF001 - what two threads use at once

    answers = all_at_once(lambda: rate_limit.acquire_for_question(Channel.CALL, H))

    assert sorted(answers) == [False] * (THREADS - 4) + [True] * 4


def test_a_redis_that_hangs_costs_less_than_half_a_second_once(four: None, settings: Settings) -> None:
    with silent_server() as hung:
        settings.REDIS_URL = f"redis://:secret@127.0.0.1:{hung.port}/0"
        granted(Channel.CALL, M, 20)

        assert hung.connections() == 1, "not again by redis-py, and not by the next delivery"

    bounds: Any = rate_limit._shared().client  # noqa: SLF001 - what bounds that one connection
    options = bounds.connection_pool.connection_kwargs
    assert options["socket_connect_timeout"] + options["socket_timeout"] < 0.5


def test_redis_is_asked_again_after_a_while_and_the_log_says_each_once(
    four: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    broker: "redis.Redis",
    outages: Callable[[], list[dict[str, Any]]],
) -> None:
    monkeypatch.setattr(rate_limit, "redis_cooldown", Cooldown(0))
    good, settings.REDIS_URL = settings.REDIS_URL, f"redis://127.0.0.1:{closed_port()}/0"
    granted(Channel.CALL, H, 1)
    granted(Channel.CALL, H, 1)
    assert not broker.keys("*bleep:rate:*")

    settings.REDIS_URL = good
    rate_limit._shared.cache_clear()  # noqa: SLF001 - the same client would find its server again
    granted(Channel.CALL, H, 1)
    assert broker.keys("*bleep:rate:*")
    away, back = outages()
    assert (away["event"], back["event"], back["failures"]) == (
        "rate_limit.redis_away",
        "rate_limit.redis_back",
        2,
    )


@pytest.mark.parametrize(
    "url", ["redis+socket:///nowhere/redis.sock", "redis+socket:///nowhere/redis.sock?virtual_host=3"]
)
def test_a_redis_on_a_socket_is_looked_for_there(
    four: None, settings: Settings, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = url

    assert granted(Channel.CALL, H, 10) == 4

    [record] = [each for each in caplog.records if "rate_limit.redis_away" in str(each.msg)]
    assert "'cause': 'ConnectionError'" in str(record.msg), "it was tried, and is not there"


def test_whatever_is_wrong_with_the_address_of_redis_alerts_go_out(
    four: None, settings: Settings, store: Store, aws: Aws
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0?no_such_option=1"

    sending.deliver(store(M).pk)

    assert len(aws.messages()) == 1
