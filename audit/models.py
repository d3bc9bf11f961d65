"""What people did and saw in Bleep, one row each."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now


class EventName(models.TextChoices):
    """What happened. The value is also the name of the line in the log, and never changes."""

    LOGIN = "security.login", "Logged in"
    LOGIN_FAILED = "security.login_failed", "Login failed"
    LOCKED = "security.locked", "Locked out"
    LOGOUT = "security.logout", "Logged out"
    BREAK_GLASS = "security.break_glass", "Used a login for emergencies"
    PASSWORD_CHANGED = "security.password_changed", "Password changed"
    ROLE_CHANGED = "security.role_changed", "Role changed"
    PERMISSION_CHANGED = "security.permission_changed", "Permission changed"
    TOKEN_ISSUED = "security.token_issued", "Token issued"
    TOKEN_ROTATED = "security.token_rotated", "Token rotated"
    TOKEN_REVOKED = "security.token_revoked", "Token revoked"
    EXPORTED = "security.exported", "Exported"
    EXPIRED = "security.expired", "Expired"
    ERASED = "security.erased", "Erased"
    OPENED = "read.opened", "Opened"
    HISTORY = "read.history", "Opened the history"
    REPORT = "read.report", "Opened a report"
    SEARCHED = "read.searched", "Searched"


class Event(models.Model):
    """One event. Append-only: a trigger refuses changes and deletes."""

    at = models.DateTimeField(db_default=Now())
    name = models.CharField(max_length=32, choices=EventName)
    # Not a constraint: the record outlives the login.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text="Who did it, if they had logged in.",
    )
    address = models.GenericIPAddressField(null=True, help_text="Where it came from.")
    kind = models.CharField(
        max_length=64, blank=True, default="", help_text="What was opened or changed: `alerts.alert`."
    )
    object_id = models.CharField(max_length=64, blank=True, default="")
    detail = models.CharField(
        max_length=200, blank=True, default="", help_text="No text, no patient reference."
    )
    digests = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        db_default=[],
        help_text="What was searched for, whole and word by word, as keyed digests.",
    )

    class Meta:
        ordering = ("-at", "-id")
        default_permissions = ()
        permissions = (("view_trail", "Can see who did and who saw what"),)
        constraints = (
            models.CheckConstraint(name="event_name_is_known", condition=models.Q(name__in=EventName.values)),
        )
        indexes = (
            models.Index(name="event_newest", fields=("-at", "-id")),
            models.Index(name="event_of_user", fields=("user", "-at")),
            models.Index(name="event_of_object", fields=("kind", "object_id", "-at")),
            GinIndex(name="event_searched", fields=("digests",), condition=models.Q(name=EventName.SEARCHED)),
        )

    def __str__(self) -> str:
        return f"{self.get_name_display()} ({self.pk})"


class Seal(models.Model):
    """A link of the chain: the digests of some rows of one table, and the digest of the seal before. Append-only, like
    the rows that it seals.

    The digests of rows are keyed, so that access to the database alone is not enough to replace them.
    """

    at = models.DateTimeField(db_default=Now())
    source = models.CharField(max_length=64, help_text="The table.")
    columns = ArrayField(models.CharField(max_length=64), help_text="What `facts` is made of.")
    text_columns = ArrayField(models.CharField(max_length=64), help_text="What `texts` is made of.")
    row_ids = ArrayField(models.BigIntegerField())
    facts = ArrayField(models.CharField(max_length=64), help_text="For each row a digest.")
    texts = ArrayField(
        models.CharField(max_length=64), help_text="Apart from the facts, since texts may expire."
    )
    last_id = models.BigIntegerField()
    key = models.CharField(max_length=8, help_text="Which AUDIT_KEY: the beginning of its digest.")
    previous = models.CharField(max_length=64, unique=True, help_text="The digest of the seal before.")
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        indexes = (models.Index(name="seal_newest_of_source", fields=("source", "-last_id")),)

    def __str__(self) -> str:
        return f"Seal {self.pk} of {self.source}"


class Inspection(models.Model):
    """How far relays have checked the chain. One row."""

    sealed_at = models.DateTimeField(db_default=Now(), help_text="When rows were last looked for.")
    position = models.BigIntegerField(db_default=0, help_text="The last seal that was checked in this round.")
    expected = models.CharField(max_length=64, blank=True, default="", help_text="Its digest.")
    found = models.PositiveIntegerField(db_default=0, default=0, help_text="Problems in this round.")
    found_before = models.PositiveIntegerField(
        db_default=0, default=0, help_text="Problems in the round before."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"At seal {self.position}"
