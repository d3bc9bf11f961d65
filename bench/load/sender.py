"""A hospital system: one open HTTP connection to Bleep, without automatic retries."""

import http.client
import json
from collections.abc import Mapping
from typing import NamedTuple

TIMEOUT = 10.0


class Answer(NamedTuple):
    """The answer to a POST."""

    status: int
    replayed: bool

    @property
    def stored(self) -> bool:
        """A 2xx: from now on Bleep must deliver the alert."""
        return 200 <= self.status < 300  # noqa: PLR2004


class AlertSender:
    """Sends alerts. Not thread-safe."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def post(self, body: Mapping[str, str]) -> Answer:
        """POST an alert, once.

        Raises:
            OSError, http.client.HTTPException: no answer, so the alert may or may not be stored.
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
        """Close the connection."""
        self._connection.close()
