"""Logs the web server's own lines as JSON, like `config.logs`. It does without Django, to start fast."""

import json
import logging
from datetime import UTC, datetime


class JsonLine(logging.Formatter):
    """One JSON object for each line. Of an exception it has only the type."""

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
