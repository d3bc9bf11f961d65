"""What a test finds in the log."""

import io
import json
from typing import Any

NUMBER = "+447700900123"
REFERENCE = "123456789"
"""A telephone number and a patient reference, which must be in no line."""


class LogOutput:
    """What was logged since the test began, as it is written."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> dict[str, Any]:
        """The one line with this event."""
        (line,) = [line for line in self.lines if line["event"] == event]
        return line
