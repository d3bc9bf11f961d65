"""Wiring: settings, URLs, Celery, logs, traces. It imports no app."""

import os
import sys

if not (os.environ.get("TRACES") or os.environ.get("TRACES_FILE")):
    # redis-py loads OpenTelemetry wherever it is installed: 60 modules for nothing. So this hides it from processes
    # without traces.
    sys.modules.setdefault("opentelemetry", None)  # type: ignore[arg-type]

# In the same way structlog loads rich: 4 MB that only a development machine has, and only to draw exceptions that Bleep
# draws.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
