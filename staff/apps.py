"""Replaces Django's admin site, and makes the staff's roles after every `migrate`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin import checks as admin_checks
from django.contrib.admin.apps import SimpleAdminConfig
from django.core import checks
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = "Single sign-on"

    def ready(self) -> None:
        # models can be imported only now
        from staff import roles  # noqa: PLC0415
        from staff.logins import passwords, sessions  # noqa: F401, PLC0415 - they listen to logins

        apps.get_app_config("auth").verbose_name = "Logins"  # as in the sidebar
        # Django sends this for each app with models, auth's after `staff`.
        post_migrate.connect(roles.establish, sender=apps.get_app_config("auth"), dispatch_uid="staff.roles")


class StaffAdminConfig(SimpleAdminConfig):
    """Finds the pages when they are served (`config.urls.everything`) or checked. Other processes start without
    them.
    """

    default_site = "staff.site.StaffSite"

    def ready(self) -> None:
        checks.register(admin_checks.check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Django's checks of all admin pages."""
    admin.autodiscover()
    return admin_checks.check_admin_app(app_configs, **kwargs)
