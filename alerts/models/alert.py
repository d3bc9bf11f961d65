"""Alerts, and their status, which follows from their deliveries."""

from typing import Self

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from alerts.models.delivery import Delivery
from alerts.states import NEEDS_REASON, UNFINISHED, AlertState, AlertStatus, DeliveryState
from clients.models import ApiClient
from config import statements
from contacts.choices import Priority
from contacts.models import Clinician


class AlertQuerySet(models.QuerySet["Alert"]):
    NEEDS: dict[AlertStatus, tuple[DeliveryState, ...]] = {  # noqa: RUF012 - never changed
        AlertStatus.QUEUED: UNFINISHED,
        AlertStatus.DELIVERED: (DeliveryState.DELIVERED,),
        AlertStatus.FAILED: NEEDS_REASON,
    }
    """An alert with this status has a delivery in one of these states."""

    def tests(self) -> Self:
        """Only channel tests."""
        return self.filter(is_test=True)

    def without_tests(self) -> Self:
        """Only what hospital systems sent. Statistics count nothing else."""
        return self.filter(is_test=False)

    def with_status(self) -> Self:
        """Annotate `status`: what the client sees (`AlertStatus`), from the alert's state and its deliveries.

        Delivered stays delivered, whatever comes after. Otherwise the newest round decides, by its most hopeful
        delivery; while that round is under way, an alert sent before stays sent. An alert that staff cancelled is
        cancelled only if no provider took it and none is being asked.
        """
        deliveries = Delivery.objects.filter(alert=OuterRef("pk"))
        once_and_for_all = Case(When(state=DeliveryState.DELIVERED, then=0), default=1)
        hope = Case(
            When(state=DeliveryState.SENT, then=0),
            When(state__in=UNFINISHED, then=1),
            When(state=DeliveryState.CANCELLED, then=2),
            default=3,
        )
        # One row each. PostgreSQL may answer EXISTS for all alerts at once, by reading the whole table.
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

    def of_message(self, message_id: str) -> "Alert | None":
        """The alert with this `message_id`, with its `status` and its deliveries. Two queries."""
        for alert in _OF_MESSAGE.rows(message_id):
            alert.know(_OF_ALERT.rows(alert.pk))
            return alert
        return None

    def having_status(self, status: str) -> Self:
        """Alerts with this status, after `with_status`."""
        found = self.filter(Q(("status", status)))
        if status not in self.NEEDS:
            return found
        # These are few, and faster to find than to compute.
        some = Delivery.objects.filter(state__in=self.NEEDS[AlertStatus(status)])
        if status == AlertStatus.FAILED:  # most were followed by a channel that worked
            beside_or_later = Delivery.objects.filter(alert=OuterRef("alert"), round__gte=OuterRef("round"))
            some = some.filter(~Exists(beside_or_later.exclude(state__in=NEEDS_REASON)))
        return found.filter(pk__in=some.values("alert"))

    def in_doubt(self) -> Self:
        """Alerts of which an answer was lost, so that they may have arrived."""
        return self.filter(pk__in=Delivery.objects.filter(state=DeliveryState.UNKNOWN).values("alert"))

    def needing_attention(self) -> Self:
        """Failed alerts that nobody has dealt with. Channel tests are not among them."""
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
    # The API takes 1,000 characters; what staff send on says that first.
    description = models.CharField(max_length=1100)
    priority = models.CharField(max_length=1, choices=Priority)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.OPEN)
    created_at = models.DateTimeField(db_default=Now())

    status: str
    """An `AlertStatus`, after `with_status` only."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (
            ("take_alert", "Can say that they are on an alert"),
            ("resend_alert", "Can resend alert"),
            ("forward_alert", "Can send alert to somebody else"),
            ("cancel_alert", "Can cancel alert"),
            ("close_alert", "Can mark alert as dealt with"),
            ("export_alert", "Can export alerts to a file"),
            ("view_department_alert", "Can view alerts of their departments"),
            ("ask_aws", "Can ask AWS whether Bleep can send"),
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

    def know(self, deliveries: list[Delivery]) -> None:
        """Keep these as what `deliveries.all()` finds, so that no query is made for them."""
        known = self.deliveries.all()
        known._result_cache = deliveries  # noqa: SLF001 - as `prefetch_related` does
        self._prefetched_objects_cache = {"deliveries": known}
        for delivery in deliveries:
            delivery.alert = self


_MARK = "the message_id"
_OF_MESSAGE = statements.WrittenOnce(
    lambda message_id: Alert.objects.with_status().filter(message_id=message_id).order_by(), _MARK
)
_OF_ALERT = statements.WrittenOnce(lambda alert_id: Delivery.objects.filter(alert_id=alert_id), -1)
