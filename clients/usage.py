"""Counts the requests and errors of each client, by day.

A request never waits for its own counting: counts stay in memory until a thread adds them to the database. A web
process that stops loses the counts of its last `FLUSH_EVERY` seconds. While the database is down, counts are kept.
Requests without a known token are not counted.
"""

import logging
import threading
from collections.abc import Callable
from datetime import date, timedelta

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clients.models import ApiClient, ClientDay
from config.outages import Outage
from config.periodic import Periodic

FLUSH_EVERY = 10.0
"""Seconds."""
ERROR = 400
SHOWN_DAYS = 14

# Ordered, so that two processes cannot deadlock. The join leaves out clients that have been deleted.
ADD = """
INSERT INTO clients_clientday (client_id, day, requests, errors)
SELECT added.client_id, added.day, added.requests, added.errors
FROM unnest(%s::bigint[], %s::date[], %s::integer[], %s::integer[]) AS added (client_id, day, requests, errors)
JOIN clients_apiclient ON clients_apiclient.id = added.client_id
ORDER BY added.client_id, added.day
ON CONFLICT (client_id, day) DO UPDATE SET
    requests = clients_clientday.requests + excluded.requests, errors = clients_clientday.errors + excluded.errors
"""


class Counts:
    """What this process has counted and not yet saved."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[tuple[int, date], tuple[int, int]] = {}
        self.outage = Outage(
            begins="usage.kept", ends="usage.saved", level=logging.WARNING, settled=2.5 * FLUSH_EVERY
        )

    def add(self, client_id: int, day: date, requests: int, errors: int) -> None:
        """Count. Waits at most for another thread's counting."""
        with self._lock:
            before = self._counted.get((client_id, day), (0, 0))
            self._counted[client_id, day] = (before[0] + requests, before[1] + errors)

    def flush(self) -> None:
        """Add the counts to the database, in one statement. If it fails they are kept for the next time."""
        with self._lock:
            taken, self._counted = self._counted, {}
        if not taken:
            return
        rows = [(*key, *counted) for key, counted in taken.items()]
        try:
            with connection.cursor() as cursor:
                cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])
        except Error as error:
            for row in rows:
                self.add(*row)
            self.outage.failed(None, type(error).__name__)
        else:
            self.outage.works()


counts = Counts()


def note(request: HttpRequest, client: ApiClient) -> None:
    """Note that the request is the client's: the middleware counts it once it is answered."""
    request.api_client_id = client.pk  # type: ignore[attr-defined]


class CountRequests:
    """Middleware that counts the requests of known clients."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        client_id: int | None = getattr(request, "api_client_id", None)
        if client_id is not None:
            counts.add(client_id, timezone.localdate(), 1, int(response.status_code >= ERROR))
        return response


def keep_writing() -> None:
    """Save the counts every few seconds while this process lives. Only the web server calls this."""
    Periodic("usage", counts.flush, seconds=FLUSH_EVERY).start_repeating()


def last_days(client: ApiClient) -> list[ClientDay]:
    """The last 14 days, oldest first, including days without requests. One query."""
    today = timezone.localdate()
    first = today - timedelta(days=SHOWN_DAYS - 1)
    found = {each.day: each for each in ClientDay.objects.filter(client=client, day__gte=first)}
    days = (first + timedelta(days=number) for number in range(SHOWN_DAYS))
    return [found.get(day) or ClientDay(client=client, day=day, requests=0, errors=0) for day in days]
