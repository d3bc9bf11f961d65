"""The stand-in as one WSGI application: AWS for signed requests, the handsets for all others."""

import io
import json
import os
import re
from collections.abc import Iterable
from threading import Event
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from sandbox.aws import iam
from sandbox.aws.answers import Call
from sandbox.aws.connect.contacts import Contacts
from sandbox.aws.connect.service import Connect
from sandbox.aws.faults import Faults
from sandbox.aws.handset.site import Handset
from sandbox.aws.messages import Messages
from sandbox.aws.misbehaviour import answer
from sandbox.aws.sns import Sns
from sandbox.aws.sqs import Sqs
from sandbox.queues import EVENT_QUEUE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DEFAULT_ALERT_URL = "http://127.0.0.1:8000/notification"

_SIGNED_FOR = re.compile(r"AWS4-\S+ Credential=[^/]*/[^/]*/[^/]*/([^/]+)/aws4_request")
"""The service in a signature's scope: Credential=<key>/<date>/<region>/<service>/aws4_request."""

_QUOTAS = {"Quotas": [{"QuotaName": "Rate of StartOutboundVoiceContact API requests", "Value": 2.0}]}
"""The quota of Connect that matters here, with AWS's default. moto has none."""


class App:
    """The stand-in. Its state is in memory only; moto keeps topics and subscriptions.

    `alert_url` is the URL for alerts that the page shows.
    """

    def __init__(self, alert_url: str = DEFAULT_ALERT_URL) -> None:
        # Any Region is accepted; without this, only those that botocore knows.
        os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults = Faults()
        self._stopping = Event()
        messages = Messages()
        # Without moto's dispatcher, which scans its whole folder for each request.
        self._sns = Sns(create_backend_app("sns"), messages, self._faults)
        self._sqs = Sqs(create_backend_app("sqs"), self._stopping, self._show_calls)
        self._connect = Connect(
            messages, self._faults, Contacts(), tell=lambda event: self._sqs.put(EVENT_QUEUE, event)
        )
        self._handset = Handset(
            messages, self._faults, self._sns, self._connect.telephones, self._sqs, alert_url
        )

    def _show_calls(self) -> None:
        self._connect.telephones.show()

    def stop(self) -> None:
        """Release all held connections, so that the server can stop."""
        self._stopping.set()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = Request(environ)
        # The request keeps the body; this lets moto read it again.
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        signed = _SIGNED_FOR.match(request.headers.get("Authorization", ""))
        if signed is None:
            return self._for_people(request)
        match signed[1]:
            case "sns":
                call = self._sns.call(request)
            case "sqs":
                call = self._sqs.call(request)
            case "connect":
                call = self._connect.call(request) or Call(
                    "connect", "connect:Other", lambda: (), lambda: self._from_moto(request)
                )
            case "iam" if request.form.get("Action") == "SimulatePrincipalPolicy":  # moto does not have this
                return iam.simulate(request)
            case "servicequotas":
                return Response(json.dumps(_QUOTAS), content_type="application/x-amz-json-1.1")
            case _:
                return self._from_moto(request)
        return answer(call, self._faults, self._stopping)

    def _for_people(self, request: Request) -> Response:
        try:
            return self._handset.answer(request)
        except HTTPException as wrong:
            return Response(f"{wrong.description}\n", wrong.code, content_type="text/plain; charset=utf-8")

    def _from_moto(self, request: Request) -> Response:
        return Response.from_app(self._moto, request.environ, buffered=True)
