"""Departments whose alerts a member of staff may see."""

from django.conf import settings
from django.db import models


class ManagedDepartment(models.Model):
    """A department whose alerts a member of staff may see."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="managed_departments"
    )
    name = models.CharField(
        "department",
        max_length=100,
        help_text="As it is on the clinicians' pages; capitals and spaces do not matter.",
    )

    class Meta:
        verbose_name = "department"
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(name="manageddepartment_is_unique", fields=("user", "name")),
            models.CheckConstraint(name="manageddepartment_has_a_name", condition=~models.Q(name="")),
        )

    def __str__(self) -> str:
        return self.name
