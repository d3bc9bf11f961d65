from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Installed in local mode only, for its management commands."""

    name = "sandbox"
