"""What Bleep keeps about logins, beside Django's users and allauth's second factors."""

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models.functions import Now


class TemporaryPassword(models.Model):
    """Says that a user's password was set by somebody else. It is deleted once its owner has chosen another."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="temporary_password"
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of user {self.user_id}"


class RoleClaim(models.Model):
    """A value that single sign-on says of somebody, and the group that it puts them into."""

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
    """What processes of the staff's site tell each other for a while (`staff.logins.shared`)."""

    key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField(help_text="JSON.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"until {self.expires_at}"


class SignOnLink(models.Model):
    """Says that a superuser lets single sign-on take over this login, if its owner comes soon.

    `staff.logins.sign_on.links` does that.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="sign_on_link")
    allowed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of user {self.user_id}"
