"""What all tests share: their order, the database between them, the cast, and the stand-in for AWS."""

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin
from django.db import connection
from django.dispatch import receiver
from django.http import HttpRequest
from django.test import Client, TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from alerts.monitoring import report
from alerts.sending import breaker
from clients import strangers, tokens
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from staff.logins import factors
from staff.logins.backend import Argon2id
from staff.roles import Role
from tests import sessions
from tests.aws import Aws
from tests.database import Pristine
from tests.environment import AWS_PORT, AWS_URL, database_url
from tests.factories import make_clinician
from tests.processes import ENTRY_POINT, answers, at_once, running, wait_until
from tests.sender import Sender
from tests.staff.users import browser_of


@receiver(user_logged_in)
def _as_after_a_whole_login(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """`force_login` passes the login page by, so it says what that would have: a second factor was shown, just now."""
    if not request.path:
        record_authentication(request, user, factors.METHOD, type="totp")


WORKERS = {"relay": "relay.started", "worker-urgent": "ready.", "worker": "ready."}
"""The processes that send, and what each logs when it is ready."""
PUBLIC_URL = "https://bleep.example"
"""Where the links of messages that the workers send lead."""


def pytest_configure() -> None:
    """No example is too slow: the machine may be busy."""
    hypothesis.settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("untimed")


def pytest_sessionstart() -> None:
    """Some tests are made for each page of the admin, before any page is asked for."""
    admin.autodiscover()
    sessions.watch()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Fail the test whose threads left sessions open, and not the one in which that is found out."""
    found = sessions.left_open[:]
    sessions.left_open.clear()
    assert not found, f"These threads ended with a session in PostgreSQL open: {found}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Flows first, browsers after the rest, and last what else has relay and workers, which take any test's deliveries.

    Each in its shuffled order, but what is given more time than others before them. Where several processes share the
    tests out, they do so in this order, too, so that none is left alone with something long. They do it by the file, if
    a test names no other group; those at a browser have nothing in common but that, and go one by one.
    """
    for item in items:  # before xdist reads the groups in this hook
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    yield
    items.sort(key=_turn)  # after they were shuffled


def pytest_collection_finish() -> None:
    """What is loaded by now stays, so the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


def _group(item: pytest.Item) -> str:
    if _asks_for(item, "processes"):
        return "flows"
    if _asks_for(item, "browser") and not _asks_for(item, "workers"):
        return item.nodeid
    return f"{item.path.stem} {_asks_for(item, 'workers')}"


def _turn(item: pytest.Item) -> tuple[bool, ...]:
    is_long = item.get_closest_marker("timeout") is not None
    is_flow = _asks_for(item, "processes")
    return not is_flow, _asks_for(item, "workers"), _asks_for(item, "browser"), not is_long


def _asks_for(item: pytest.Item, fixture: str) -> bool:
    return fixture in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Pristine]:
    """The database, which each test finds as `migrate` left it, and what puts it back."""
    with django_db_blocker.unblock():
        pristine = Pristine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: pristine.put_back())
        yield pristine
    # While a browser runs there is an event loop, with which Django has another connection in this thread (asgiref's
    # `Local`). The one from before it is back now, and broken if a test has killed PostgreSQL.
    connection.close()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # A browser's last requests may still hold sessions, and the database could not be dropped.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_digested_quickly() -> Iterator[None]:
    """In one pass over little memory, by the same algorithm: nobody is after the passwords of the tests' people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Argon2id, "time_cost", 1)
        patch.setattr(Argon2id, "memory_cost", 8)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Every `Client` has a WhiteNoise of its own, and each would go through all static files of all apps.

    It serves browsers too, as on a server: Django's own static files of a test server may not be cached.
    """
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        patch.setattr(StaticFilesHandlerMixin, "_should_handle", lambda _handler, _path: False)
        patch.setattr(settings, "WHITENOISE_MAX_AGE", 3600, raising=False)
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """No report is kept, and no provider believed to be up, as in a process that has just begun."""
    report.recent.forget()
    strangers.forget()
    for channel in Channel:
        breaker.look_again(channel)


@pytest.fixture(scope="session")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where processes leave what they print."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def aws_server(log_dir: Path) -> Iterator[str]:
    """AWS's stand-in as a process of its own; its address."""
    command = [sys.executable, "-m", "sandbox.aws", "--port", str(AWS_PORT)]
    with running("aws", command, {}, log_dir):
        wait_until(lambda: answers(f"{AWS_URL}/healthz"), what="the stand-in for AWS answers")
        yield AWS_URL


@pytest.fixture(scope="session")
def workers(django_db_setup: None, aws_server: str, log_dir: Path) -> Iterator[None]:
    """A relay and two workers, on the tests' own database: what is stored in a test with this is sent to the stand-in.

    With `transactional_db` only (or `live_server`, which asks for it): they see what is committed.
    """
    with sending(log_dir):
        yield


@contextmanager
def sending(log_dir: Path) -> Iterator[None]:
    """A relay and two workers, for as long as the block runs."""
    env = {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        "SMS_REPLY_QUEUE_URL": reply_queue_url(AWS_URL),
        "SMS_ORIGINATION_NUMBER": ORIGINATION_NUMBER,
        "PUBLIC_URL": PUBLIC_URL,
    }
    logs = {part: log_dir / f"{part}.log" for part in WORKERS}
    before = {part: len(log.read_text()) if log.exists() else 0 for part, log in logs.items()}
    with ExitStack() as stack:
        at_once(stack, [running(part, [ENTRY_POINT, part], env, log_dir) for part in WORKERS])
        for part, ready in WORKERS.items():
            wait_until(
                lambda part=part, ready=ready: ready in logs[part].read_text()[before[part] :],  # type: ignore[misc]
                what=f"{part} is ready",
                seconds=60,
            )
        yield


@pytest.fixture
def aws(aws_server: str) -> Iterator[Aws]:
    """AWS's stand-in, with nothing in it."""
    stand_in = Aws(aws_server)
    stand_in.clear()
    yield stand_in
    stand_in.clear()


@pytest.fixture
def lab(db: None) -> ApiClient:
    """A hospital system."""
    return ApiClient.objects.create(name="Lab system")


@pytest.fixture
def lab_token(lab: ApiClient) -> str:
    """A secret with which the lab may send."""
    return tokens.issue(client=lab)[1]


@pytest.fixture
def clinician(db: None, request: pytest.FixtureRequest) -> Clinician:
    """C-1, reachable on every channel: High by call, then SMS; Medium by SMS; Low by e-mail."""
    made = make_clinician(
        "C-1",
        {
            Priority.HIGH: [Channel.CALL, Channel.SMS],
            Priority.MEDIUM: [Channel.SMS],
            Priority.LOW: [Channel.EMAIL],
        },
    )
    if "aws" in request.fixturenames:
        stand_in: Aws = request.getfixturevalue("aws")
        stand_in.subscribe(made)
    return made


@pytest.fixture
def operator(db: None) -> Client:
    """An operator's browser."""
    return browser_of(Role.OPERATORS, "operator", first_name="Olive", last_name="Oakes")


@pytest.fixture
def auditor(db: None) -> Client:
    """An auditor's browser."""
    return browser_of(Role.AUDITORS, "auditor")


@pytest.fixture
def sender(lab_token: str) -> Sender:
    """The lab, sending."""
    return Sender(lab_token)
