"""A hospital system that sends alerts."""

from typing import Any

from django.test import Client


class Sender:
    """A hospital system that talks to the API in this process."""

    def __init__(self, token: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, body: Any, **headers: str) -> Any:
        """POST an alert; `body` is made JSON unless it is bytes already."""
        return self.client.post(
            "/notification", body, content_type="application/json", headers={**self.headers, **headers}
        )

    def get(self, path: str, **headers: str) -> Any:
        """GET a path."""
        return self.client.get(path, headers={**self.headers, **headers})
