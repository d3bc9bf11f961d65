"""Tokens that the API accepted lately: their requests go before those of strangers."""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from http import HTTPStatus

MAX_SENDERS = 10_000
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Senders:
    """The newest tokens that were accepted, as digests."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def knows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the API has accepted the token of this request, and not refused it since."""
        return _digest(headers) in self._known

    def note(self, headers: Iterable[tuple[bytes, bytes]], status: int) -> None:
        """Remember a token after a 2xx, and forget it after a 401 or 403. Only a 2xx proves it: a wrong Host gets 400
        before anybody looks at the token.
        """
        digest = _digest(headers)
        if status in REFUSED:
            self._known.pop(digest, None)
        elif status < HTTPStatus.MULTIPLE_CHOICES:
            self._known[digest] = None
            self._known.move_to_end(digest)
            if len(self._known) > MAX_SENDERS:
                self._known.popitem(last=False)


def _digest(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    token = b""
    for name, value in headers:
        if name == b"authorization":
            token += value
    return blake2b(token, digest_size=16).digest()
