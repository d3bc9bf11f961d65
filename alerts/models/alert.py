"""Alerts, and how each stands: a status that its deliveries come to."""

from typing import Self

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from alerts.models.delivery import Delivery
from alerts.states import NEEDS_REASON, UNFINISHED, AlertState, AlertStatus, DeliveryState
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician


class AlertQuerySet(models.QuerySet["Alert"]):
    TAKES: dict[AlertStatus, tuple[DeliveryState, ...]] = {  # noqa: RUF012 - never changed
        AlertStatus.QUEUED: UNFINISHED,
        AlertStatus.DELIVERED: (DeliveryState.DELIVERED,),
        AlertStatus.FAILED: NEEDS_REASON,
    }
    """States of which an alert with this status has a delivery."""

    def tests(self) -> Self:
        """Only channel tests."""
        return self.filter(is_test=True)

    def without_tests(self) -> Self:
        """Only what hospital systems sent. Statistics count nothing else."""
        return self.filter(is_test=False)

    def with_status(self) -> Self:
        """Annotate `status`: what a client is told (`AlertStatus`), from the alert's state and its deliveries.

        What reached a telephone stays delivered, whatever came after it. Otherwise the newest round decides, by the
        most hopeful of its deliveries; while it is still under way, what a provider took before stays sent. An alert
        that staff cancelled is cancelled only if no provider took it and none is being asked to.
        """
        deliveries = Delivery.objects.filter(alert=OuterRef("pk"))
        once_and_for_all = Case(When(state=DeliveryState.DELIVERED, then=0), default=1)
        hope = Case(
            When(state=DeliveryState.SENT, then=0),
            When(state__in=UNFINISHED, then=1),
            When(state=DeliveryState.CANCELLED, then=2),
            default=3,
        )
        # One row each, and not EXISTS, which PostgreSQL may answer for all alerts at once by reading the whole table.
        decisive = Subquery(deliveries.order_by(once_and_for_all, "-round", hope).values("state")[:1])
        sent_before = Subquery(deliveries.filter(state=DeliveryState.SENT).values("state")[:1])
        return self.alias(decisive=decisive, sent_before=sent_before).annotate(
            status=Case(
                When(state=AlertState.ACKNOWLEDGED, then=Value(AlertStatus.ACKNOWLEDGED)),
                When(decisive=DeliveryState.DELIVERED, then=Value(AlertStatus.DELIVERED)),
                When(decisive=DeliveryState.SENT, then=Value(AlertStatus.SENT)),
                When(
                    Q(decisive__in=(*UNFINISHED, DeliveryState.CANCELLED)) | Q(state=AlertState.CANCELLED),
                    sent_before__isnull=False,
                    then=Value(AlertStatus.SENT),
                ),
                When(decisive__in=UNFINISHED, then=Value(AlertStatus.QUEUED)),
                When(
                    Q(decisive=DeliveryState.CANCELLED) | Q(state=AlertState.CANCELLED),
                    then=Value(AlertStatus.CANCELLED),
                ),
                default=Value(AlertStatus.FAILED),
                output_field=models.CharField(),
            )
        )

    def having_status(self, status: str) -> Self:
        """Those with this status, after `with_status`."""
        found = self.filter(Q(("status", status)))
        if status not in self.TAKES:
            return found
        # A small part of all that there is, which is found faster than it is worked out.
        some = Delivery.objects.filter(state__in=self.TAKES[AlertStatus(status)])
        if status == AlertStatus.FAILED:  # of which most were followed by a channel that was taken
            beside_or_later = Delivery.objects.filter(alert=OuterRef("alert"), round__gte=OuterRef("round"))
            some = some.filter(~Exists(beside_or_later.exclude(state__in=NEEDS_REASON)))
        return found.filter(pk__in=some.values("alert"))

    def needing_attention(self) -> Self:
        """Those that nothing can reach any more, and that nobody has dealt with yet; tests are nobody's emergency."""
        failed = self.without_tests().with_status().having_status(AlertStatus.FAILED)
        return failed.filter(state=AlertState.OPEN)


class Alert(models.Model):
    """One message for one clinician, as the client sent it."""

    client = models.ForeignKey(
        ApiClient,
        on_delete=models.PROTECT,
        related_name="alerts",
        null=True,
        blank=True,
        verbose_name="hospital system",
        help_text="Empty for a channel test: Bleep sends it itself.",
    )
    is_test = models.BooleanField(
        "channel test", default=False, help_text="Sent by staff to try one channel; in no statistics."
    )
    message_id = models.CharField("message ID", max_length=128, unique=True)
    type = models.CharField(max_length=64)
    patient_id = models.CharField("patient reference", max_length=64)
    contact_id = models.CharField(
        "contact ID", max_length=64, help_text="As it was sent: it may have changed since."
    )
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="alerts")
    description = models.CharField(max_length=1000)
    priority = models.CharField(max_length=1, choices=Priority)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.OPEN)
    created_at = models.DateTimeField(db_default=Now())

    status: str
    """An `AlertStatus`; only there after `with_status`."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (
            ("resend_alert", "Can resend alert"),
            ("cancel_alert", "Can cancel alert"),
            ("close_alert", "Can mark alert as dealt with"),
        )
        constraints = (
            models.CheckConstraint(name="alert_priority_is_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(name="alert_state_is_known", condition=Q(state__in=AlertState.values)),
            models.CheckConstraint(
                name="alert_has_a_client_unless_it_is_a_test",
                condition=Q(is_test=True, client=None) | Q(is_test=False, client__isnull=False),
            ),
            models.CheckConstraint(
                name="alert_has_no_blanks",
                condition=~Q(message_id="") & ~Q(type="") & ~Q(patient_id="") & ~Q(description=""),
            ),
        )
        indexes = (
            models.Index(name="alert_newest", fields=("-created_at", "-id")),
            models.Index(name="alert_newest_of_client", fields=("client", "-created_at", "-id")),
        )

    def __str__(self) -> str:
        return self.message_id
