"""A hospital system: one kept HTTP connection to Bleep, with nothing that would repeat a request by itself."""

import http.client
import json
from collections.abc import Mapping
from typing import NamedTuple

TIMEOUT = 10.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    replayed: bool

    @property
    def stored(self) -> bool:
        """A 2xx: from here on it is Bleep's to deliver."""
        return 200 <= self.status < 300  # noqa: PLR2004


class AlertSender:
    """Not for two threads at once."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def post(self, body: Mapping[str, str]) -> Answer:
        """POST an alert, once.

        Raises:
            OSError, http.client.HTTPException: no answer, and nobody knows whether it was stored.
        """
        try:
            self._connection.request("POST", "/notification", json.dumps(body), self._headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return Answer(response.status, response.headers.get("Idempotent-Replayed") == "true")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
