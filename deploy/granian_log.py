"""The web server's own lines as JSON, as Bleep's are (`config.telemetry`); without Django, so that it starts fast."""

import json
import logging
from datetime import UTC, datetime


class JsonLine(logging.Formatter):
    """One object a line: the event, and of an exception its type alone."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line)
