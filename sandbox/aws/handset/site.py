"""The page with the handsets, and the paths around it."""

from collections.abc import Callable
from html import escape
from pathlib import Path

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from clients import sample
from sandbox.aws import faults, subscriptions
from sandbox.aws.connect.telephones import Telephones
from sandbox.aws.handset.bodies import answer as _json, body as _body
from sandbox.aws.handset.people import People
from sandbox.aws.handset.replies import Replies
from sandbox.aws.messages import Messages
from sandbox.aws.sns import Sns
from sandbox.aws.sqs import Sqs

_HERE = Path(__file__).parent.parent
_THEME = _HERE.parent.parent / "theme" / "static" / "theme"
_SHARED = ("colours.css", "favicon.svg")
"""The admin's colours and mark, so that people see that the page is Bleep's."""
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Only this server's own files, because the page shows untrusted text."""


class Handset:
    """Answers requests that are not signed for AWS. Errors are one sentence of plain text."""

    def __init__(
        self,
        messages: Messages,
        at_work: faults.Faults,
        sns: Sns,
        telephones: Telephones,
        sqs: Sqs,
        alert_url: str,
    ) -> None:
        self._messages = messages
        self._faults = at_work
        self._sns = sns
        self._telephones = telephones
        self._replies = Replies(messages, at_work, sns, sqs)
        self._alert_url = alert_url
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "/", self._page),
            ("GET", "/static/<name>", _static),
            ("GET", "/healthz", lambda _: _json({"status": "ok"})),
            ("GET", "/messages", self._list_messages),
            ("DELETE", "/messages", self._clear_messages),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("GET", "/subscriptions", self._list_subscriptions),
            ("POST", "/subscriptions/confirm", self._confirm),
            *People(telephones, self._replies).routes,
        ]
        self._routes = Map([Rule(path, methods=[method], endpoint=act) for method, path, act in routes])

    def answer(self, request: Request) -> Response:
        """Answer a request. Raises werkzeug's HTTP errors for unknown paths and methods."""
        act, values = self._routes.bind_to_environ(request.environ).match()
        response: Response = act(request, **values)
        response.headers.extend(_HEADERS)
        return response

    def _page(self, _request: Request) -> Response:
        page = (_HERE / "templates" / "handset.html").read_text(encoding="utf-8")
        command = sample.command(
            self._alert_url, message_id="MESSAGE_ID"
        )  # the page generates a new one each time
        page = page.replace("{{ alert_command }}", escape(command))
        return Response(page, content_type="text/html; charset=utf-8")

    def _list_messages(self, request: Request) -> Response:
        limit, before = _number(request, "limit"), _number(request, "before")
        missed = request.args.get("missed") == "true"
        self._telephones.show()
        # Read this before the list: a change in between costs one more poll.
        version = self._messages.version
        page, total = self._messages.newest(
            limit, missed=missed, find=request.args.get("find", ""), before=before
        )
        response = _json(page)
        response.headers["Total-Count"] = str(total)
        response.set_etag(version)
        return response.make_conditional(request)

    def _clear_messages(self, _request: Request) -> Response:
        self._telephones.clear()
        self._replies.clear()
        return Response(status=204)

    def _list_faults(self, _request: Request) -> Response:
        return _json(self._faults.listed())

    def _add_fault(self, request: Request) -> Response:
        try:
            return _json(self._faults.add(faults.parse(_body(request))), 201)
        except faults.BadFaultError as bad:
            raise BadRequest(str(bad)) from bad

    def _clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status=204)

    def _list_subscriptions(self, request: Request) -> Response:
        waiting_only = request.args.get("pending") == "true"
        with self._sns.lock:
            found = subscriptions.everywhere()
        return _json(
            [subscriptions.as_json(one) for one in found if subscriptions.is_pending(one) or not waiting_only]
        )

    def _confirm(self, request: Request) -> Response:
        wanted = _body(request)
        if not isinstance(wanted, dict) or not set(wanted) <= {"to", "subscription_arn"}:
            raise BadRequest("Give 'to' or 'subscription_arn', or {} to confirm all.")
        with self._sns.lock:
            confirmed = [
                found.arn
                for found in subscriptions.everywhere()
                if subscriptions.is_pending(found)
                and wanted.get("to") in (None, found.endpoint)
                and wanted.get("subscription_arn") in (None, found.arn)
            ]
            for arn in confirmed:
                subscriptions.confirm(arn)
        return _json({"confirmed": confirmed})


def _number(request: Request, name: str) -> int | None:
    given = request.args.get(name)
    if given is not None and not (given.isascii() and given.isdigit()):
        raise BadRequest(f"'{name}' must be a whole number.")
    return None if given is None else int(given)


def _static(_request: Request, name: str) -> Response:
    path = (_THEME if name in _SHARED else _HERE / "static") / name
    # The name in a route has no slash, so it stays in this folder.
    if path.suffix not in _TYPES or not path.is_file():
        raise NotFound("There is no such file.")
    return Response(path.read_bytes(), content_type=f"{_TYPES[path.suffix]}; charset=utf-8")
