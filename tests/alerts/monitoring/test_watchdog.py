"""The relay logs what is wrong, and pings an outside switch only while nothing is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import InternalError, connection
from django.db.models.functions import Now

from alerts.models import Loop, RelayHeartbeat
from alerts.monitoring import checks, watchdog
from alerts.monitoring.findings import Finding
from alerts.relay.loop import Relay
from config.outages import Outage
from contacts.choices import Priority
from tests.alerts.conftest import Store, closed_port, hung_server
from tests.alerts.escalation.factories import Ask, let_time_run_out
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LOGGERS = ("alerts.monitoring.watchdog", "config.outages", "config.periodic")


@pytest.fixture(autouse=True)
def outages(monkeypatch: pytest.MonkeyPatch) -> tuple[Outage, Outage]:
    """No earlier test has left one."""
    checks_away = Outage(begins="check.unanswered", ends="check.answered", settled=watchdog.SETTLED)
    switch_away = Outage(begins="deadman.unreachable", ends="deadman.reachable", settled=watchdog.SETTLED)
    monkeypatch.setattr(watchdog, "CHECKS_OUTAGE", checks_away)
    monkeypatch.setattr(watchdog, "SWITCH_OUTAGE", switch_away)
    return checks_away, switch_away


class Switch:
    """A dead-man's switch on loopback: what asked for its secret path, and what it answers."""

    def __init__(self) -> None:
        self.pings: list[str] = []
        self.status = 200
        switch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                switch.pings.append(self.path)
                self.send_response(switch.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                """Not to the tests' output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/secret-of-the-switch"


@pytest.fixture
def switch(settings: Any) -> Iterator[Switch]:
    """The outside switch, which DEADMAN_URL names."""
    made = Switch()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    settings.DEADMAN_URL = made.url
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def watch() -> None:
    """One look of the watchdog, in its thread; back when it is through."""
    dog = watchdog.watchdog()
    dog.start_if_due()
    dog.join(watchdog.CLOSE_SECONDS)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the watchdog finds wrong, each with all that goes with it."""
    return [text for text in said(caplog) if "'checks.passed'" not in text]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """All that the watchdog logs."""
    return [str(record.msg) for record in caplog.records if record.name in LOGGERS]


def test_the_switch_is_pinged_while_all_is_well(a_relay: None, switch: Switch) -> None:
    watch()

    assert switch.pings == ["/secret-of-the-switch"]


def test_the_log_says_that_all_is_well_and_only_then(
    transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    """An alarm on CloudWatch goes by this line: where it is missing, somebody is told."""
    caplog.set_level("INFO", logger="alerts.monitoring.watchdog")
    watch()
    assert not [line for line in said(caplog) if "'checks.passed'" in line]

    RelayHeartbeat.objects.create(relay="ward:1")
    caplog.clear()
    watch()
    [line] = said(caplog)
    assert "'checks.passed'" in line


def test_it_is_not_pinged_while_something_is_wrong_and_the_log_says_what(
    transactional_db: None, switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    watch()

    assert switch.pings == []
    [line] = logged(caplog)
    assert "'check.failed'" in line
    assert "'relays_silent'" in line


def test_a_step_that_is_late_keeps_the_ping_away(ask: Ask, a_relay: None, switch: Switch) -> None:
    ask()
    Loop.objects.update(due_at=Now() - 2 * checks.STEP_OVERRUN)

    watch()

    assert switch.pings == []


def test_work_for_staff_is_logged_and_does_not_stop_the_ping(
    ask: Ask, a_relay: None, switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    alert = ask()
    for _ in range(2):
        let_time_run_out(alert)

    watch()

    assert len(switch.pings) == 1
    [line] = said(caplog)
    assert "'exhausted_alerts'" in line


def test_it_is_not_pinged_when_the_check_itself_fails(
    a_relay: None, switch: Switch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checks, "CHECKS", (lambda: dict[str, list[Finding]]()["broken"],))

    watch()

    assert switch.pings == []
    [line] = logged(caplog)
    assert "'periodic.failed'" in line
    assert "'work': 'watchdog'" in line


def test_it_looks_although_the_relay_can_do_nothing(
    transactional_db: None, switch: Switch, broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    relay = Relay()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    with pytest.raises(InternalError):
        relay.tick()

    wait_until(lambda: logged(caplog), what="the watchdog has looked")
    assert "'relays_silent'" in logged(caplog)[0]
    connection.close()
    relay.close()


def test_a_database_that_is_away_is_logged_once_and_when_it_is_back(
    a_relay: None,
    switch: Switch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    outages: tuple[Outage, Outage],
) -> None:
    caplog.set_level("INFO", logger="config.outages")
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "PORT", str(closed_port()))
        for _ in range(2):
            watch()
    assert switch.pings == []

    watch()
    [line] = logged(caplog)
    assert "'check.unanswered'" in line

    outages[0].settled = 0.0
    watch()
    assert "'check.answered'" in logged(caplog)[1]
    assert len(switch.pings) == 2


def test_a_switch_that_is_away_is_logged_once_and_when_it_is_back(
    a_relay: None, switch: Switch, caplog: pytest.LogCaptureFixture, outages: tuple[Outage, Outage]
) -> None:
    caplog.set_level("INFO", logger="config.outages")
    outages[1].settled = 0.0
    switch.status = 500
    for _ in range(2):
        watch()
    switch.status = 200
    watch()

    assert [
        event for line in logged(caplog) for event in ("unreachable", "'deadman.reachable'") if event in line
    ] == [
        "unreachable",
        "'deadman.reachable'",
    ]


def test_without_a_switch_nobody_is_called(
    a_relay: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEADMAN_URL = ""

    watch()

    assert logged(caplog) == []


@pytest.mark.parametrize("status", [404, 500])
def test_a_switch_that_refuses_is_logged_without_its_url(
    a_relay: None, switch: Switch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    switch.status = status

    watch()

    [line] = logged(caplog)
    assert "'deadman.unreachable'" in line
    assert "secret" not in caplog.text


@pytest.mark.parametrize("path", ["", "/a path/with spaces", "/\u2603"])
def test_an_unreachable_switch_is_logged_without_its_url(
    a_relay: None, settings: Any, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    settings.DEADMAN_URL = f"http://127.0.0.1:{closed_port()}/secret{path}"

    watch()

    [line] = logged(caplog)
    assert "'deadman.unreachable'" in line
    assert "secret" not in caplog.text
    assert not any(record.exc_info for record in caplog.records)


def test_a_switch_that_hangs_holds_up_neither_the_relay_nor_its_end(
    a_relay: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "CLOSE_SECONDS", 0.01)
    monkeypatch.setattr(watchdog, "PING_SECONDS", 1)
    monkeypatch.setattr(watchdog, "CHECK_EVERY", 0.0)
    with hung_server() as port:
        settings.DEADMAN_URL = f"http://127.0.0.1:{port}/secret"
        dog = watchdog.watchdog()
        for _ in range(5):
            dog.start_if_due()
        dog.join(watchdog.CLOSE_SECONDS)
        mine = [thread for thread in threading.enumerate() if thread.name == "watchdog"]

        assert len(mine) == 1, "the next check waits until this one has finished"
        assert mine[0].daemon, "the end of the process does not wait for it"
        mine[0].join()


def test_it_looks_now_and_then_and_not_at_every_tick(a_relay: None, switch: Switch) -> None:
    dog = watchdog.watchdog()
    for _ in range(5):
        dog.start_if_due()
        dog.join(watchdog.CLOSE_SECONDS)

    assert len(switch.pings) == 1


def test_a_relay_at_work_pings_and_one_that_stands_still_does_not(
    transactional_db: None, switch: Switch, store: Store, broker: Any
) -> None:
    relay = Relay()
    assert switch.pings == []
    store(Priority.HIGH)

    relay.tick()

    wait_until(lambda: switch.pings, what="the relay pinged")
    relay.close()
