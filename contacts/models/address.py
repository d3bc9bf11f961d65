"""Facts about addresses: what keeps messages from them, their subscriptions at AWS, and former ones."""

from django.db import models
from django.db.models.functions import Lower, Now

from contacts.choices import Channel, ObstacleKind, Subscription


class Obstacle(models.Model):
    """A provider said that messages do not reach an address. Only `obstacles` writes it.

    It is about this one address: when the clinician gets another one, it says nothing.
    """

    clinician = models.ForeignKey(
        "contacts.Clinician",
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
    """The subscription at AWS of one clinician's e-mail address, with its topic. Only `subscriptions` writes it.

    There is one for each address that a clinician has had, until its topic is deleted. So it may outlive its clinician:
    it has no foreign key, and `clinician_id` stays. A trigger makes it when an active clinician gets an address.
    """

    clinician = models.ForeignKey(
        "contacts.Clinician",
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
    """A former address of an active clinician, which is to be told that alerts go elsewhere. A trigger makes it.

    The person who changed the address may not have been allowed to: alerts would go elsewhere, and nobody would notice.
    """

    clinician = models.ForeignKey(
        "contacts.Clinician", on_delete=models.CASCADE, related_name="former_addresses"
    )
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254)
    since = models.DateTimeField(db_default=Now())
    next_try_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes = (
            # An e-mail address is told when its topic is deleted.
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
