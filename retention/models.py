"""When data was last expired, who has been made a pseudonym, and what was erased on request."""

from django.db import models
from django.db.models.functions import Now

from contacts.models import Clinician


class Expiry(models.Model):
    """The state of expiry. One row."""

    ended_at = models.DateTimeField(
        db_default=Now(), help_text="When it last came to its end; before that, when this row was made."
    )
    untold = models.JSONField(
        default=dict, help_text="Rows that have gone, by table, and that are in no `security.expired` yet."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Last at {self.ended_at:%Y-%m-%d %H:%M}"


class Leaver(models.Model):
    """A clinician who was pseudonymised."""

    clinician = models.OneToOneField(
        Clinician, on_delete=models.CASCADE, primary_key=True, related_name="leaver"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Clinician {self.clinician_id} since {self.at:%Y-%m-%d}"


class Erasure(models.Model):
    """One erasure on request, from which its certificate is made. It contains no reference and no name."""

    what = models.CharField(max_length=32, help_text="A patient reference or a clinician.")
    digest = models.CharField(max_length=64, help_text="The keyed digest of it.")
    object_id = models.BigIntegerField(null=True, help_text="The clinician's number.")
    by = models.CharField(max_length=200)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    done = models.JSONField(default=dict, help_text="Rows that were blanked or deleted so far, by table.")
    remark = models.CharField(max_length=200, blank=True, default="", help_text="What the certificate adds.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.what} {self.digest[:8]}"
