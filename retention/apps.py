"""Registers the models and commands, and adds the nightly run and the health check to alerts."""

from django.apps import AppConfig

from alerts import additions


class RetentionConfig(AppConfig):
    name = "retention"

    def ready(self) -> None:
        additions.relay_work.add(additions.Work("retention", "retention.nightly.run_if_due", seconds=60.0))
        additions.health_checks.add("retention.checks.overdue")
