"""Listens to logins and to changes of roles."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit import logins, roles  # noqa: F401, PLC0415 - their receivers need the models
