"""Clinicians: who they are, and where they can be reached."""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now, Trim
from simple_history.models import HistoricalRecords

from contacts.choices import Channel
from contacts.history import WithChannels
from contacts.models.address import EmailSubscription, Obstacle
from contacts.phone import E164, E164Field, NumberDoubt, call_doubt, sms_doubt
from spelling.fields import DerivedField, EmailLineField, LineField
from spelling.folding import searchable
from spelling.likeness import likeness

ADDRESS_FIELDS = tuple(dict.fromkeys(channel.facts.address_field for channel in Channel))
EDITABLE = ("name", "contact_id", "role", "department", *ADDRESS_FIELDS, "active")
"""The fields of a clinician that staff edit: on the page, and in a file."""
DERIVED = ("search_text", "likeness", "call_doubt", "sms_doubt")
"""The fields of a clinician that are derived from others."""


class Clinician(models.Model):
    """A person who can be alerted. Hospital systems know them by `contact_id`."""

    contact_id = LineField(
        "contact ID",
        max_length=64,
        unique=True,
        help_text="What hospital systems call this person, such as C-1.",
    )
    name = LineField(max_length=200)
    role = LineField(max_length=100, blank=True)
    department = LineField(max_length=100, blank=True)
    call_number = E164Field("number for calls", help_text="As you dial it, or as +44 7700 900123.")
    sms_number = E164Field("number for SMS", help_text="As you dial it, or as +44 7700 900123.")
    email = EmailLineField("e-mail address", blank=True)
    active = models.BooleanField(
        default=True, help_text="Alerts for an inactive person are refused, and the sender gets an error."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    search_text = DerivedField(help_text="Name, contact ID and e-mail address, as a search looks for them.")
    likeness = DerivedField(help_text="The same for contact IDs that look alike.")
    call_doubt = DerivedField(help_text="What speaks against calls to the number, for queries.")
    sms_doubt = DerivedField(help_text="What speaks against SMS to the number, for queries.")
    own_problems = ArrayField(
        models.TextField(),
        default=list,
        db_default=[],
        editable=False,
        help_text="Problems that follow from this row and the preferences, for queries. Triggers keep it.",
    )

    may_have_obstacles = True
    """Whether the clinician may have `obstacles`. False saves a query; `routing.find` sets it."""
    found_subscriptions: Sequence[EmailSubscription] | None = None
    """The `email_subscriptions` that `routing.find` has read."""

    history = HistoricalRecords(bases=[WithChannels], excluded_fields=(*DERIVED, "own_problems"))

    class Meta:
        ordering = ("name", "contact_id")
        indexes = (
            models.Index(fields=["likeness"], name="clinician_likeness"),  # contact IDs that look alike
            models.Index(
                fields=["department"], name="clinician_department"
            ),  # which there are; filters by one
            models.Index(fields=["name", "contact_id"], name="clinician_by_name"),  # the list
            # Home and the list of those with a problem, who are few
            models.Index(
                name="clinician_with_problem",
                fields=["name", "contact_id"],
                condition=~models.Q(own_problems=[]),
            ),
        )
        permissions = (
            ("send_test", "Can send a test message to a clinician"),
            ("export_clinician", "Can export clinicians to a file"),
        )
        constraints = (
            models.CheckConstraint(
                name="clinician_contact_id_is_trimmed",
                condition=models.Q(contact_id=Trim("contact_id")) & ~models.Q(contact_id=""),
                violation_error_message="A contact ID is not empty and has no spaces around it.",
            ),
            models.CheckConstraint(
                name="clinician_call_number_is_e164",
                condition=models.Q(call_number="") | models.Q(call_number__regex=E164),
            ),
            models.CheckConstraint(
                name="clinician_sms_number_is_e164",
                condition=models.Q(sms_number="") | models.Q(sms_number__regex=E164),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.contact_id})"

    def address(self, channel: str) -> str:
        """The address for a channel, empty where there is none."""
        return str(getattr(self, Channel(channel).facts.address_field))

    def number_doubt(self, channel: Channel) -> NumberDoubt | None:
        """The doubt about using the number of a channel; None if there is none."""
        if not channel.facts.address_is_number:
            return None
        return (sms_doubt if channel is Channel.SMS else call_doubt)(self.address(channel))

    def derive_search_text(self) -> str:
        return searchable(self.name, self.contact_id, self.email)

    def derive_likeness(self) -> str:
        return likeness(self.contact_id)

    def derive_call_doubt(self) -> str:
        return self.number_doubt(Channel.CALL) or ""

    def derive_sms_doubt(self) -> str:
        return self.number_doubt(Channel.SMS) or ""

    def known_obstacles(self) -> dict[Channel, Obstacle]:
        """The obstacles of the present addresses, as providers reported them. No query if `obstacles` were
        prefetched.
        """
        if self._state.adding or not self.may_have_obstacles:
            return {}
        return {
            Channel(each.channel): each
            for each in self.obstacles.all()
            if each.address == self.address(each.channel)
        }

    def email_subscription(self) -> EmailSubscription | None:
        """The subscription of the present e-mail address. No query if `email_subscriptions` were prefetched."""
        if self._state.adding or not self.email:
            return None
        known = (
            self.email_subscriptions.all() if self.found_subscriptions is None else self.found_subscriptions
        )
        address = self.email.lower()
        return next((each for each in known if each.address == address), None)
