"""Makes the configuration's system checks known to Django, and its log the place where a process says why it ended."""

import sys
import threading

from django.apps import AppConfig
from django.conf import settings

from config import telemetry


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401, PLC0415 - registers them; settings must be complete first

        if settings.LOG_FORMAT == "json":  # a person at a console wants the traceback as it is
            sys.excepthook = telemetry.log_uncaught
            threading.excepthook = telemetry.log_uncaught_in_thread
