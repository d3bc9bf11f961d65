"""What the front door does with a request: answers it, refuses it, or passes it on when its turn comes."""

import asyncio
import json
import logging
import time
from collections.abc import Coroutine
from http import HTTPStatus

from door import answers, errors
from door.admission import Admission, Turn, Urgency
from door.answers import Answer, Headers
from door.client.body import Bodies, Heads
from door.client.connection import Connection
from door.client.reader import Request
from door.failures import FailedRequests
from door.senders import Senders
from door.settings import ADMIN, API, API_THREADS, PROBES, Service
from door.upstream.connection import ServiceConnection
from door.upstream.pool import Upstream, unavailable

READY_SECONDS = 1.0
"""How old an answer of `/readyz` may be. A new one costs the database a write, and anybody may ask."""
LINKS = "/a/"
"""As PATH in alerts/responses/links.py."""

log = logging.getLogger(__name__)


class Door:
    """One door: its connections to the services, and its queue.

    It refuses requests without a task and without waiting, so that a refusal costs next to nothing.
    """

    def __init__(self) -> None:
        self._upstream = Upstream()
        self._admission = Admission(API_THREADS)
        self._failures = FailedRequests()
        self._senders = Senders()
        self._links = Senders()
        """Links in messages that the API has shown lately: people who answer an alert go before those who guess."""
        self._bodies = {service.name: Bodies(service) for service in (API, ADMIN, PROBES)}
        self.heads = Heads()
        self._ready: asyncio.Task[Answer] | None = None
        """The newest request to `/readyz`, which all who ask share."""
        self._asked_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def pause(self) -> float:
        """For how many seconds requests may stay unread, so that several are read at a time."""
        return self._admission.pause()

    def bodies_for(self, path: str) -> Bodies:
        """Where the body of a request is kept."""
        return self._bodies[service_for(path).name]

    def answer(self, request: Request, client: Connection) -> None:
        """Answer one request, or pass it on."""
        try:
            self._answer(request, client)
        except errors.Refusal as refusal:
            self.refuse(request, refusal, client)

    def refuse(self, request: Request | None, refusal: errors.Refusal, client: Connection) -> None:
        """Say why a request is not passed on. `request` is None where no head has come."""
        api = request is None or (service_for(request.path) is API and not is_link(request.path))
        answer = errors.answer_to(refusal, api=api)
        if request is not None:
            self._note(request, answer)
        client.respond(answer)

    def _answer(self, request: Request, client: Connection) -> None:
        path = request.path
        if path == "/healthz":
            self._show_health(client)
            return
        if path == "/metrics" or not path.startswith("/"):  # `OPTIONS *`
            raise errors.NotFound
        service = service_for(path)
        if service is PROBES:
            self._begin(self._show_readiness(request, client), request, client)
        elif service is API:
            turn = self._admission.enter(lambda: self._urgency(request))
            self._begin(self._in_turn(request, client, turn), request, client)
        else:
            self._begin(self._pass_on(service, request, client), request, client)

    def _urgency(self, request: Request) -> Urgency:
        if is_link(request.path):
            return Urgency.HIGH if self._links.knows(_as_token(request)) else Urgency.STRANGER
        return Urgency.of(request.body.content) if self._knows(request) else Urgency.STRANGER

    def _begin(self, work: Coroutine[None, None, None], request: Request, client: Connection) -> None:
        task = asyncio.create_task(self._do(work, request, client))
        self._tasks.add(task)  # asyncio alone would let it be collected while it runs
        task.add_done_callback(self._tasks.discard)

    async def _do(self, work: Coroutine[None, None, None], request: Request, client: Connection) -> None:
        try:
            await work
        except errors.Refusal as refusal:
            self.refuse(request, refusal, client)
        except asyncio.CancelledError:
            if client.is_open:
                raise
        except Exception:
            log.exception("door.failed")
            client.abort()
        finally:
            request.body.forget()

    async def _in_turn(self, request: Request, client: Connection, turn: Turn | None) -> None:
        """The turn ends when the API has answered, however slowly the client reads."""
        request.is_known = None  # the API may accept the token, or refuse it, while this waits
        if turn is not None:
            client.on_loss = turn.cancel
            try:
                await turn
            except asyncio.CancelledError:  # the client has gone, so nothing is begun
                return
            client.on_loss = None
        try:
            if not client.is_open:
                return
            async with self._upstream.answer(API, request, client) as response:
                answer = await _receive(response, API)
        finally:
            self._admission.leave()
        self._note_sender(request, answer.status)
        self._note(request, answer)
        client.respond(answer)

    def _note_sender(self, request: Request, status: int) -> None:
        if is_link(request.path):
            self._links.note(_as_token(request), status)
        else:
            self._senders.note(request.headers, status)

    async def _pass_on(self, service: Service, request: Request, client: Connection) -> None:
        """Pass on a request while its client is there, so that the service has no more connections than the door."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        if not client.is_open:
            return
        client.on_close = task.cancel
        async with self._upstream.answer(service, request, client) as response:
            client.begin(response.status, response.headers)
            try:
                async for part in response.parts():
                    await client.write(part)
                    if not client.is_open:
                        return
            except OSError as error:
                unavailable(service, error)
                client.abort()  # it gets less than was announced, and sees that something is missing
                return
            client.end()

    async def _show_readiness(self, request: Request, client: Connection) -> None:
        """Ask the service once in `READY_SECONDS`, one request at a time, however many clients ask."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        client.on_close = task.cancel
        is_old = time.monotonic() - self._asked_at > READY_SECONDS
        if self._ready is None or (self._ready.done() and is_old):
            self._ready = asyncio.create_task(self._ask_readiness(request, client))
            self._ready.add_done_callback(
                lambda done: done.cancelled() or done.exception()
            )  # all may have left
        client.respond(await asyncio.shield(self._ready))

    async def _ask_readiness(self, request: Request, client: Connection) -> Answer:
        asked = Request("GET", request.path, request.path, request.headers, request.body, request.version)
        try:
            async with self._upstream.answer(PROBES, asked, client) as response:
                return await _receive(response, PROBES)
        finally:
            self._asked_at = time.monotonic()

    def _note(self, request: Request, answer: Answer) -> None:
        failed = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if failed and is_alert(request) and self._knows(request):
            self._failures.note(answer.body)

    def _knows(self, request: Request) -> bool:
        """Whether the sender is known. Looked up once, because a refused request needs it twice."""
        if request.is_known is None:
            request.is_known = self._senders.knows(request.headers)
        return request.is_known

    def _show_health(self, client: Connection) -> None:
        failed = self._failures.shown()
        shown = {"status": "ok"} if failed is None else {"status": "ok", "refused": failed}
        headers = [(b"content-type", b"application/json"), *errors.OF_DATA]
        client.respond(answers.compose(200, headers, json.dumps(shown).encode()))


async def _receive(response: ServiceConnection, service: Service) -> Answer:
    try:
        body = await response.body()
    except OSError as error:
        raise unavailable(service, error) from error
    return answers.compose(response.status, response.headers, body)


def service_for(path: str) -> Service:
    """The service that answers at a path."""
    if path in {"/notification", "/intake-check"} or path.startswith(("/notification/", LINKS)):
        return API
    return PROBES if path == "/readyz" else ADMIN


def is_link(path: str) -> bool:
    """Whether a link in a message leads there: to a page for people, who have no token but the link itself."""
    return path.startswith(LINKS)


def _as_token(request: Request) -> Headers:
    return [(b"authorization", request.path.encode("latin-1", "replace"))]


def is_alert(request: Request) -> bool:
    """Whether a request sends an alert."""
    return (request.method, request.path.rstrip("/")) == ("POST", "/notification")
