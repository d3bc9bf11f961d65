"""Amazon SQS: moto's answers, and long polls that hold up nobody else.

It has the queue that End User Messaging fills with the replies to a two-way SMS number, through an SNS topic with raw
delivery, and the one that EventBridge fills with events of calls.
"""

import io
import json
import time
from collections.abc import Callable
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from moto.sqs.models import SQSBackend, sqs_backends
from werkzeug.wrappers import Request, Response

from sandbox.aws.answers import Call
from sandbox.queues import ACCOUNT, EVENT_QUEUE, REGION, REPLY_QUEUE

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_POLL_SECONDS = 0.05
_LOOK_SECONDS = 0.5
_MOST_WAIT_SECONDS = 20


class Sqs:
    """Passes requests on to moto, one at a time: moto is not thread-safe.

    `stopping` releases long polls. `look` is called while somebody waits for events of calls: calls end as time passes,
    and that is an event.
    """

    def __init__(
        self, moto: "WSGIApplication", stopping: Event, look: Callable[[], None] = lambda: None
    ) -> None:
        self._moto = moto
        self._stopping = stopping
        self._look = look
        self._lock = Lock()
        self._backend: SQSBackend = sqs_backends[ACCOUNT][REGION]
        self.clear()

    def call(self, request: Request) -> Call:
        """Parse a request. The header X-Amz-Target names the operation."""
        action = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        params = _json(request.get_data())
        queue = str(params.get("QueueUrl", "")).rpartition("/")[2]

        def carry_out() -> Response:
            if action == "ReceiveMessage":
                self._wait_for_message(queue, params)
                # moto would wait with the lock held.
                return self._pass_on(request, {**params, "WaitTimeSeconds": 0})
            return self._pass_on(request, params)

        return Call("sqs", f"sqs:{action}", lambda: (queue,), carry_out)

    def put(self, queue: str, body: str) -> None:
        """Put a message into one of the two queues."""
        with self._lock:
            self._backend.send_message(queue, body)

    def clear(self) -> None:
        """Make the queues, or make them again: purging is allowed only once a minute."""
        with self._lock:
            for queue in (REPLY_QUEUE, EVENT_QUEUE):
                self._backend.queues.pop(queue, None)
                self._backend.create_queue(queue)

    def _wait_for_message(self, name: str, params: dict[str, Any]) -> None:
        wait = params.get("WaitTimeSeconds", 0)
        if name == EVENT_QUEUE:
            self._look()
        if not isinstance(wait, int) or not 0 < wait <= _MOST_WAIT_SECONDS:
            return  # moto refuses values that are not times
        end = time.monotonic() + wait
        look_at = time.monotonic() + _LOOK_SECONDS
        while not self._has_message(name) and time.monotonic() < end:
            if self._stopping.wait(_POLL_SECONDS):
                return
            if name == EVENT_QUEUE and time.monotonic() > look_at:
                self._look()
                look_at = time.monotonic() + _LOOK_SECONDS

    def _has_message(self, name: str) -> bool:
        with self._lock:
            queue = self._backend.queues.get(name)
            return queue is None or bool(queue.messages)

    def _pass_on(self, request: Request, params: dict[str, Any]) -> Response:
        body = json.dumps(params).encode()
        environ = {**request.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("werkzeug.request", None)
        with self._lock:
            return Response.from_app(self._moto, environ, buffered=True)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
