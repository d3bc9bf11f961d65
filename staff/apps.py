"""Replaces Django's admin site, and makes the staff's roles after every `migrate`."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        from staff import roles  # noqa: PLC0415 - models can be imported only now

        apps.get_app_config("auth").verbose_name = "Logins"  # as in the sidebar
        # Django sends this for each app with models. `staff` has none, so auth's is used.
        post_migrate.connect(roles.establish, sender=apps.get_app_config("auth"), dispatch_uid="staff.roles")


class StaffAdminConfig(AdminConfig):
    default_site = "staff.site.StaffSite"
