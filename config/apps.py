"""Registers the configuration's system checks and signals, and logs the exception that ends a process or a thread."""

import sys
import threading

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import got_request_exception

from config import database
from config.logs import exceptions


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401, PLC0415 - registers the checks; needs complete settings

        # The API catches its errors itself. This is for the pages of staff.
        got_request_exception.connect(database.forget_failed_session)
        if settings.LOG_FORMAT == "json":  # on a console, Python's own traceback is better
            sys.excepthook = exceptions.log_uncaught
            threading.excepthook = exceptions.log_uncaught_in_thread
