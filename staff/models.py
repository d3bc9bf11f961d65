"""Data about logins that Django's users and allauth's second factors do not have."""

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models.functions import Now


class TemporaryPassword(models.Model):
    """A user whose password was set by somebody else. The row is deleted once they have chosen another."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="temporary_password"
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of user {self.user_id}"


class RoleClaim(models.Model):
    """A value in a claim of single sign-on, and the group that it puts users into."""

    value = models.CharField(
        max_length=200,
        help_text="As your sign-on sends it, such as the name or the ID of a group. Capital letters count.",
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("value", "group__name")
        verbose_name = "role by single sign-on"
        verbose_name_plural = "roles by single sign-on"
        constraints = (models.UniqueConstraint(name="roleclaim_once", fields=("value", "group")),)

    def __str__(self) -> str:
        return f"{self.value}: {self.group}"


class SharedValue(models.Model):
    """A value that processes of the staff's site share for a while (`staff.logins.shared_cache`)."""

    key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField(help_text="JSON.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"until {self.expires_at}"


class SignOnLink(models.Model):
    """A superuser's permission for single sign-on to take over this login, for a limited time.
    `staff.logins.sign_on.links` uses it.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="sign_on_link")
    allowed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of user {self.user_id}"
