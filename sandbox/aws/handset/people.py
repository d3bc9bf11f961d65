"""The actions of people with their telephones, as JSON."""

import re
from collections.abc import Callable

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.aws.connect.telephones import NoSuchCallError, Telephones
from sandbox.aws.handset.bodies import answer, fields, number
from sandbox.aws.handset.replies import Replies

_MOST_CHARACTERS = 1600
"""The longest SMS, in all its parts."""
_KEYS = re.compile(r"[0-9*#]{0,20}")


class People:
    """Handles requests that answer, reject or end calls, or reply to an SMS. An error is a sentence."""

    def __init__(self, telephones: Telephones, replies: Replies) -> None:
        self._telephones = telephones
        self._replies = replies
        self.routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("POST", "/handset/answer", self._answer),
            ("POST", "/handset/reject", self._reject),
            ("POST", "/handset/hang-up", self._hang_up),
            ("POST", "/handset/voicemail", self._switch_voicemail),
            ("POST", "/handset/reply", self._reply),
            ("GET", "/handset", self._look),
            ("POST", "/calls/<contact_id>/keys", self._press),
        ]

    def _answer(self, request: Request) -> Response:
        given = fields(request, "number", "keys")
        keys = None if given.get("keys") is None else _keys(given["keys"])
        return _found(lambda: self._telephones.answer(number(given), keys))

    def _reject(self, request: Request) -> Response:
        given = fields(request, "number")
        return _found(lambda: self._telephones.reject(number(given)))

    def _hang_up(self, request: Request) -> Response:
        given = fields(request, "number")
        return _found(lambda: self._telephones.hang_up(number(given)))

    def _press(self, request: Request, contact_id: str) -> Response:
        keys = _keys(fields(request, "keys").get("keys"), least=1)
        return _found(lambda: self._telephones.press(contact_id, keys))

    def _switch_voicemail(self, request: Request) -> Response:
        given = fields(request, "number", "on")
        on = given.get("on")
        if not isinstance(on, bool):
            raise BadRequest("Give 'on' as true or false.")
        self._telephones.switch_voicemail(number(given), on=on)
        return self._look(request)

    def _reply(self, request: Request) -> Response:
        given = fields(request, "number", "text")
        text = given.get("text")
        if not isinstance(text, str) or not 0 < len(text.strip()) <= _MOST_CHARACTERS:
            raise BadRequest(f"Give 'text' as a text of 1 to {_MOST_CHARACTERS} characters.")
        return answer(self._replies.send(number(given), text))

    def _look(self, _request: Request) -> Response:
        return answer(
            {
                "voicemails": self._telephones.voicemails(),
                "replies": self._replies.newest(),
                "opted_out": self._replies.opted_out(),
            }
        )


def _keys(given: object, least: int = 0) -> str:
    if not isinstance(given, str) or not _KEYS.fullmatch(given) or len(given) < least:
        raise BadRequest("Give 'keys' as a text of 0 to 9, * and #.")
    return given


def _found(act: Callable[[], object]) -> Response:
    try:
        return answer(act())
    except NoSuchCallError as missing:
        raise NotFound(str(missing)) from missing
