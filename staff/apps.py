"""The staff's site takes the place of Django's admin site, and sees to it that its roles exist."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        from staff import roles  # noqa: PLC0415 - models can be imported only now

        apps.get_app_config("auth").verbose_name = "Logins"  # as the sidebar says
        # Django says it once for each app that has models, which `staff` has not.
        post_migrate.connect(roles.establish, sender=apps.get_app_config("auth"), dispatch_uid="staff.roles")


class StaffAdminConfig(AdminConfig):
    default_site = "staff.site.StaffSite"
