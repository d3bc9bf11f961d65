"""Requests and errors by day: what is counted, and when it is saved."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients import tokens, usage
from clients.models import ApiClient, ApiToken, ClientDay
from clients.usage import Counts
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """The process's own counts are empty before and after."""
    usage.counts._counted.clear()  # noqa: SLF001
    yield
    usage.counts._counted.clear()  # noqa: SLF001


def written() -> list[tuple[int, int]]:
    usage.counts.flush()
    return list(ClientDay.objects.order_by("day").values_list("requests", "errors"))


def test_requests_and_errors_are_counted(sender: Sender, clinician: Clinician) -> None:
    assert sender.post(an_alert()).status_code == 202
    assert sender.post(an_alert()).status_code == 200
    assert sender.post(an_alert(message_id="2", contact_id="nobody")).status_code == 422
    assert sender.get("/notification/124").status_code == 404

    assert written() == [(4, 2)]


@pytest.mark.parametrize("refusal", ["revoked", "switched off"])
def test_a_token_that_is_known_and_refused_is_an_error_of_its_client(sender: Sender, refusal: str) -> None:
    if refusal == "revoked":
        tokens.revoke(ApiToken.objects.all())
    else:
        ApiClient.objects.update(active=False)

    assert sender.post(an_alert()).status_code in {401, 403}

    assert written() == [(1, 1)]


def test_requests_without_a_known_token_are_not_counted(lab: ApiClient) -> None:
    Sender("somebody-elses").post(an_alert())

    assert written() == []


def test_counting_takes_no_query(sender: Sender, clinician: Clinician) -> None:
    with CaptureQueriesContext(connection) as queries:
        sender.post(an_alert())

    assert not [query for query in queries if "clientday" in query["sql"]]


def test_counts_add_up_over_processes_in_one_statement(lab: ApiClient) -> None:
    other = ApiClient.objects.create(name="Pharmacy")
    for process in (Counts(), Counts()):
        for client in (lab, other):
            process.add(client.pk, TODAY, 3, 1)
            process.add(client.pk, TODAY - timedelta(days=1), 1, 0)
        with CaptureQueriesContext(connection) as queries:
            process.flush()
        assert len(queries) == 1

    assert list(ClientDay.objects.filter(client=lab).order_by("day").values_list("requests", "errors")) == [
        (2, 0),
        (6, 2),
    ]


def test_saved_counts_are_not_saved_again(lab: ApiClient) -> None:
    usage.counts.add(lab.pk, TODAY, 1, 0)

    assert written() == [(1, 0)]
    assert written() == [(1, 0)]


def test_counts_are_kept_while_the_database_is_down_and_that_is_said_once(
    lab: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="config.outages")

    def away(*args: Any) -> Any:
        raise DatabaseError

    usage.counts.add(lab.pk, TODAY, 1, 1)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        for _ in range(2):
            usage.counts.flush()
    usage.counts.add(lab.pk, TODAY, 1, 0)
    monkeypatch.setattr(usage.counts.outage, "settled", 0.0)

    assert written() == [(2, 1)]
    lines: list[Any] = [record.msg for record in caplog.records if record.name == "config.outages"]
    assert [line["event"] for line in lines] == ["usage.kept", "usage.saved"]


def test_counts_of_a_deleted_client_do_not_affect_others(lab: ApiClient) -> None:
    usage.counts.add(lab.pk + 1_000, TODAY, 1, 0)
    usage.counts.add(lab.pk, TODAY, 1, 0)

    assert written() == [(1, 0)]


def test_no_count_is_lost_among_threads(lab: ApiClient) -> None:
    def count() -> None:
        for _ in range(1_000):
            usage.counts.add(lab.pk, TODAY, 1, 0)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert written() == [(8_000, 0)]


def test_the_last_days_are_shown_with_those_without_requests(lab: ApiClient) -> None:
    today = timezone.localdate()
    usage.counts.add(lab.pk, today, 2, 1)
    usage.counts.add(lab.pk, today - timedelta(days=usage.SHOWN_DAYS), 9, 9)
    usage.counts.flush()

    days = usage.last_days(lab)

    assert len(days) == usage.SHOWN_DAYS
    assert (days[-1].day, days[-1].requests, days[-1].errors) == (today, 2, 1)
    assert sum(day.requests for day in days) == 2


def test_the_web_server_counts() -> None:
    assert "clients.usage.CountRequests" in settings.MIDDLEWARE
