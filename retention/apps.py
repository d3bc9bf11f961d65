"""Registers the models and commands, and adds the nightly run and the health check to alerts."""

from django.apps import AppConfig

from alerts import hooks


class RetentionConfig(AppConfig):
    name = "retention"

    def ready(self) -> None:
        hooks.relay_work.add(hooks.Work("retention", "retention.nightly.run_if_due", seconds=60.0))
        hooks.health_checks.add("retention.checks.overdue")
