"""Requests and errors of each client, by day: counted in each web process, and written down every few seconds.

A request must never wait for its own counting, so a count is a number in memory until a thread beside the requests adds
it to the database. A web process that ends takes the counts of its last `FLUSH_EVERY` seconds with it, and while the
database is away they are kept. Who shows no token that is known is nobody, and is not counted.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clients.models import ApiClient, ClientDay
from config.periodic import Periodic

FLUSH_EVERY = 10.0
"""Seconds."""
ERROR = 400
SHOWN_DAYS = 14

# In a fixed order, or two processes could wait for one another's rows; a client that was deleted meanwhile is left out.
ADD = """
INSERT INTO clients_clientday (client_id, day, requests, errors)
SELECT added.client_id, added.day, added.requests, added.errors
FROM unnest(%s::bigint[], %s::date[], %s::integer[], %s::integer[]) AS added (client_id, day, requests, errors)
JOIN clients_apiclient ON clients_apiclient.id = added.client_id
ORDER BY added.client_id, added.day
ON CONFLICT (client_id, day) DO UPDATE SET
    requests = clients_clientday.requests + excluded.requests, errors = clients_clientday.errors + excluded.errors
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Day:
    """A client's day."""

    day: date
    requests: int
    errors: int


class Counts:
    """What this process has counted and not yet written down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[tuple[int, date], tuple[int, int]] = {}

    def add(self, client_id: int, day: date, requests: int, errors: int) -> None:
        """Count; nobody waits for more than another one's counting."""
        with self._lock:
            before = self._counted.get((client_id, day), (0, 0))
            self._counted[client_id, day] = (before[0] + requests, before[1] + errors)

    def flush(self) -> None:
        """Add them to the database, in one statement; where that fails they are kept for the next time."""
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
            log.warning("usage.kept", clients=len(rows), error=type(error).__name__)


counts = Counts()


def note(request: HttpRequest, client: ApiClient) -> None:
    """Say whose request it is: it is counted when it has been answered."""
    request.api_client_id = client.pk  # type: ignore[attr-defined]


class CountRequests:
    """Middleware: counts the requests whose client is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        client_id: int | None = getattr(request, "api_client_id", None)
        if client_id is not None:
            counts.add(client_id, timezone.localdate(), 1, int(response.status_code >= ERROR))
        return response


def keep_writing() -> None:
    """Write the counts every few seconds, for as long as this process lives. For the web server alone."""
    Periodic("usage", counts.flush, seconds=FLUSH_EVERY).start_repeating()


def last_days(client: ApiClient) -> list[Day]:
    """The last fortnight, oldest day first; a day without requests has its place. One query."""
    today = timezone.localdate()
    first = today - timedelta(days=SHOWN_DAYS - 1)
    found = {each.day: each for each in ClientDay.objects.filter(client=client, day__gte=first)}
    days = (first + timedelta(days=number) for number in range(SHOWN_DAYS))
    return [
        Day(day, found[day].requests, found[day].errors) if day in found else Day(day, 0, 0) for day in days
    ]
