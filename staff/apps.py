"""The staff's site takes the place of Django's admin site, and sees to it that its roles exist."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        from staff import roles  # noqa: PLC0415 - models can be imported only now

        post_migrate.connect(roles.establish, sender=self, dispatch_uid="staff.roles")


class StaffAdminConfig(AdminConfig):
    default_site = "staff.site.StaffSite"
