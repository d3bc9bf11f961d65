"""Clinicians, their preferences, and templates of preferences."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now, Trim
from simple_history.models import HistoricalRecords

from contacts.choices import Channel, ObstacleKind, Priority, Subscription
from contacts.history import WithChannels
from contacts.phone import E164, E164Field, NumberDoubt, call_doubt, sms_doubt
from spelling.fields import DerivedField, EmailLineField, LineField
from spelling.folding import searchable
from spelling.likeness import likeness

MAX_STEPS = 6
"""Channels in the order of one priority, with repeats."""
MAX_TIMES = 3
"""How often one channel may be named for one priority: a call that nobody answers rings again."""
ADDRESS_FIELDS = tuple(dict.fromkeys(channel.facts.address_field for channel in Channel))
EDITABLE = ("name", "contact_id", "role", "department", *ADDRESS_FIELDS, "active")
"""The fields of a clinician that staff edit: on the page, and in a file."""
DERIVED = ("search_text", "likeness", "call_doubt", "sms_doubt")
"""The fields of a clinician that are made of others."""


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
    """Whether `obstacles` is worth a query; `routing.find` knows."""
    found_subscriptions: "Sequence[EmailSubscription] | None" = None
    """Of `email_subscriptions`, what `routing.find` has read."""

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
        """What speaks against using the number of a channel; None if nothing is known to."""
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

    def known_obstacles(self) -> dict[Channel, "Obstacle"]:
        """What providers said keeps messages from the present addresses. No query if `obstacles` were prefetched."""
        if self._state.adding or not self.may_have_obstacles:
            return {}
        return {
            Channel(each.channel): each
            for each in self.obstacles.all()
            if each.address == self.address(each.channel)
        }

    def email_subscription(self) -> "EmailSubscription | None":
        """The subscription of the present e-mail address. No query if `email_subscriptions` were prefetched."""
        if self._state.adding or not self.email:
            return None
        known = (
            self.email_subscriptions.all() if self.found_subscriptions is None else self.found_subscriptions
        )
        address = self.email.lower()
        return next((each for each in known if each.address == address), None)


class Obstacle(models.Model):
    """A provider said that messages do not reach an address. Only `obstacles` writes it.

    It holds for this very address: once the clinician has another one, it says nothing.
    """

    clinician = models.ForeignKey(
        Clinician,
        on_delete=models.CASCADE,
        related_name="obstacles",
        db_index=False,  # `obstacle_one_per_channel` begins with it
    )
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254)
    kind = models.CharField(max_length=16, choices=ObstacleKind)
    since = models.DateTimeField(db_default=Now(), help_text="When the provider first said so.")
    asked_at = models.DateTimeField(db_default=Now(), help_text="When the provider last said so.")

    class Meta:
        ordering = ("clinician_id", "channel")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(name="obstacle_one_per_channel", fields=("clinician", "channel")),
            models.CheckConstraint(
                name="obstacle_channel_is_known", condition=models.Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="obstacle_kind_is_known",
                condition=models.Q(kind__in=ObstacleKind.values) & ~models.Q(kind=ObstacleKind.UNCONFIRMED),
            ),
            models.CheckConstraint(name="obstacle_has_an_address", condition=~models.Q(address="")),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_kind_display()}"


class EmailSubscription(models.Model):
    """The subscription at AWS of one clinician's e-mail address, and its topic. Only `subscriptions` writes it.

    One for each address that a clinician has had, until its topic is gone. So it outlives its clinician: the database
    keeps no key to them, and `clinician_id` stays. A trigger makes it where an active clinician gets an address.
    """

    clinician = models.ForeignKey(
        Clinician,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="email_subscriptions",
        db_index=False,  # `emailsubscription_is_unique` begins with it
    )
    address = models.CharField(
        max_length=254, help_text="In lower case: AWS takes another case for another address."
    )
    state = models.CharField(max_length=9, choices=Subscription, db_default=Subscription.WANTED)
    since = models.DateTimeField(db_default=Now(), help_text="Since when the state is known.")
    asked_at = models.DateTimeField(null=True, help_text="When AWS last said so.")
    invited_at = models.DateTimeField(null=True, help_text="When AWS last sent the e-mail with the link.")
    next_look_at = models.DateTimeField(
        null=True, db_default=Now(), help_text="When to ask AWS. Null: no more."
    )
    topic_arn = models.CharField(max_length=256, db_default="")
    subscription_arn = models.CharField(max_length=300, db_default="")
    only_account_unsubscribes = models.BooleanField(
        db_default=False, help_text="Whether the link in each e-mail cannot unsubscribe."
    )
    set_up_with = models.CharField(
        max_length=256,
        db_default="",
        help_text="The key that encrypts the topic, or “none”. Empty: not set up yet.",
    )

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=["next_look_at"], name="emailsubscription_due"),
            # Whose e-mail address is not confirmed
            models.Index(
                name="emailsubscription_unconfirmed",
                fields=["clinician"],
                condition=~models.Q(state=Subscription.CONFIRMED),
            ),
        )
        constraints = (
            models.UniqueConstraint(name="emailsubscription_is_unique", fields=("clinician", "address")),
            models.CheckConstraint(
                name="emailsubscription_address_is_lower",
                condition=models.Q(address=Lower("address")) & ~models.Q(address=""),
            ),
            models.CheckConstraint(
                name="emailsubscription_state_is_known", condition=models.Q(state__in=Subscription.values)
            ),
            models.CheckConstraint(
                name="emailsubscription_confirmed_has_an_arn",
                condition=~models.Q(state=Subscription.CONFIRMED) | ~models.Q(subscription_arn=""),
            ),
        )

    def __str__(self) -> str:
        return f"E-mail: {self.get_state_display()}"

    @property
    def is_confirmed(self) -> bool:
        """Whether AWS delivers to the address, as far as is known."""
        return self.state == Subscription.CONFIRMED


class FormerAddress(models.Model):
    """An address that an active clinician had until it was changed, and which is to be told. A trigger makes it.

    Whoever changed it may not be who should have: alerts would go elsewhere, and nobody would notice.
    """

    clinician = models.ForeignKey(Clinician, on_delete=models.CASCADE, related_name="former_addresses")
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254)
    since = models.DateTimeField(db_default=Now())
    next_try_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes = (
            # An e-mail address is told when its topic goes.
            models.Index(
                fields=["next_try_at"], name="formeraddress_due", condition=~models.Q(channel=Channel.EMAIL)
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="formeraddress_channel_is_known", condition=models.Q(channel__in=Channel.values)
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()} until {self.since}"


class Preference(models.Model):
    """A channel to try for one priority; `position` 1 is tried first."""

    clinician = models.ForeignKey(
        Clinician,
        on_delete=models.CASCADE,
        related_name="preferences",
        db_index=False,  # `preference_one_per_position` begins with it
    )
    priority = models.CharField(max_length=1, choices=Priority)
    position = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=8, choices=Channel)

    class Meta:
        ordering = ("clinician_id", "priority", "position")
        constraints = (
            models.UniqueConstraint(
                name="preference_one_per_position", fields=("clinician", "priority", "position")
            ),
            models.CheckConstraint(
                name="preference_priority_is_known", condition=models.Q(priority__in=Priority.values)
            ),
            models.CheckConstraint(
                name="preference_channel_is_known", condition=models.Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="preference_position_is_in_range",
                condition=models.Q(position__gte=1, position__lte=MAX_STEPS),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_priority_display()}, {self.position}: {self.get_channel_display()}"


def _channels(verbose_name: str) -> ArrayField[Any, Any]:
    return ArrayField(
        models.CharField(max_length=8, choices=Channel), verbose_name=verbose_name, default=list, blank=True
    )


class PreferenceTemplate(models.Model):
    """Preferences for many clinicians. Where a priority has no channels, each clinician keeps their own."""

    name = LineField(max_length=80, unique=True, help_text="For example “Ward default”.")
    high = _channels("High priority")
    medium = _channels("Medium priority")
    low = _channels("Low priority")

    class Meta:
        ordering = ("name",)
        constraints = (
            *(
                models.CheckConstraint(
                    name=f"preferencetemplate_{field}_is_known",
                    condition=models.Q(
                        (f"{field}__contained_by", list(Channel.values)), (f"{field}__len__lte", MAX_STEPS)
                    ),
                )
                for field in ("high", "medium", "low")
            ),
            models.CheckConstraint(
                name="preferencetemplate_is_not_empty",
                condition=~models.Q(high=[], medium=[], low=[]),
                violation_error_message="Choose a channel for at least one priority.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def wanted(self) -> dict[Priority, list[Channel]]:
        """The channels for each priority that has any."""
        chosen = {Priority.HIGH: self.high, Priority.MEDIUM: self.medium, Priority.LOW: self.low}
        return {
            priority: [Channel(each) for each in channels]
            for priority, channels in chosen.items()
            if channels
        }


class ManagedDepartment(models.Model):
    """A department of which a member of staff may see the alerts."""

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
