"""Alerts, and their status, which follows from their deliveries."""

from functools import cache
from typing import Any, Self

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from alerts.models.delivery import IS_UNFINISHED, Delivery
from alerts.states import UNFINISHED, AlertState, AlertStatus, DeliveryState
from clients.models import ApiClient
from config import statements
from config.statements import Columns
from contacts.choices import Priority
from contacts.masking import EXPIRED
from contacts.models import Clinician

NEEDS_ATTENTION = Q(failed=True, state=AlertState.OPEN, is_test=False)
"""Failed, and not dealt with by anybody. A channel test never needs attention."""
UNANSWERED = Q(has_loop=True, state=AlertState.OPEN)
"""Somebody was asked to take it on, and nobody has."""

HAS_TEXT = ~Q(type=EXPIRED, patient_id=EXPIRED, description=EXPIRED)
"""Its text, patient reference and addresses are still there: neither expired nor erased."""


class AlertQuerySet(models.QuerySet["Alert"]):
    def tests(self) -> Self:
        """Only channel tests."""
        return self.filter(is_test=True)

    def without_tests(self) -> Self:
        """Only alerts that hospital systems sent. Statistics count nothing else."""
        return self.filter(is_test=False)

    def with_status(self) -> Self:
        """Annotate `status`: what the client sees (`AlertStatus`), from the alert's state and its deliveries.

        Delivered stays delivered, whatever comes after. Otherwise the newest round decides, by its most hopeful
        delivery. While that round is under way, or people are still asked to take the alert on, an alert that was sent
        before stays sent.

        An alert that staff cancelled is cancelled only if no provider took it and none is being asked. Deliveries that
        were stopped because somebody declined have reached nobody, and end nothing.
        """
        deliveries = Delivery.objects.filter(alert=OuterRef("pk"), notice="")
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
        was_stopped = Q(state=AlertState.CANCELLED) | (
            Q(decisive=DeliveryState.CANCELLED) & ~Q(state=AlertState.OPEN)
        )
        # Nobody was reached so far, and the next person is about to be asked: triggers know that.
        is_asked = Q(has_loop=True, failed=False)
        return self.alias(decisive=decisive, sent_before=sent_before).annotate(
            status=Case(
                When(state=AlertState.ACKNOWLEDGED, then=Value(AlertStatus.ACKNOWLEDGED)),
                When(state=AlertState.WITHDRAWN, then=Value(AlertStatus.WITHDRAWN)),
                When(decisive=DeliveryState.DELIVERED, then=Value(AlertStatus.DELIVERED)),
                When(decisive=DeliveryState.SENT, then=Value(AlertStatus.SENT)),
                When(
                    Q(decisive__in=UNFINISHED) | was_stopped | is_asked,
                    sent_before__isnull=False,
                    then=Value(AlertStatus.SENT),
                ),
                When(decisive__in=UNFINISHED, then=Value(AlertStatus.QUEUED)),
                When(was_stopped, then=Value(AlertStatus.CANCELLED)),
                When(is_asked, then=Value(AlertStatus.QUEUED)),
                default=Value(AlertStatus.FAILED),
                output_field=models.CharField(),
            )
        )

    def of_message(self, message_id: str) -> "Alert | None":
        """The alert with this `message_id`, with its `status` and its deliveries. One prepared statement."""
        statement, values, alerts, deliveries = _of_message()
        given = [message_id if value == _MARK else value for value in values]
        rows = [alerts.read(row) for row in statements.prepared_rows(statement, given)]
        if not rows:
            return None
        alert, (status, *_) = rows[0]
        alert.status = status
        alert.know([deliveries.read(beside)[0] for _, (_, *beside) in rows if beside[0] is not None])
        return alert

    def having_status(self, status: str) -> Self:
        """Alerts with this status, after `with_status`.

        These conditions mean the same as comparing `status`, but find the newest among millions more quickly. A test
        compares the two.
        """
        not_taken_on = ~Q(state__in=(AlertState.ACKNOWLEDGED, AlertState.WITHDRAWN))
        match status:
            case AlertStatus.FAILED:
                return self.filter(failed=True)
            case AlertStatus.DELIVERED:
                return self.filter(not_taken_on, _has(DeliveryState.DELIVERED))
            case AlertStatus.SENT:
                return self.filter(
                    not_taken_on, _has(DeliveryState.SENT), ~_has(DeliveryState.DELIVERED), failed=False
                )
        people_decided = status in (AlertStatus.ACKNOWLEDGED, AlertStatus.WITHDRAWN)
        found = self.filter(Q(("state" if people_decided else "status", status)))
        if (
            status == AlertStatus.QUEUED
        ):  # these are few, and finding them is quicker than computing the status
            waiting = Delivery.objects.filter(IS_UNFINISHED).order_by().values("alert")
            # Between two people nothing waits to be sent.
            asked = Alert.objects.filter(has_loop=True, state=AlertState.OPEN).order_by().values("pk")
            return found.filter(pk__in=waiting.union(asked))
        if status == AlertStatus.CANCELLED:  # of closed alerts most had failed
            return found.filter(state__in=(AlertState.CANCELLED, AlertState.CLOSED), failed=False)
        return found

    def in_doubt(self) -> Self:
        """Of a few alerts, those that may have arrived because an answer was lost."""
        return self._with_unknown().filter(unknown__isnull=False)

    def without_doubt(self) -> Self:
        """Of a few alerts, all that are not in doubt."""
        return self._with_unknown().filter(unknown__isnull=True)

    def _with_unknown(self) -> Self:
        return self.alias(unknown=one_in(DeliveryState.UNKNOWN))

    def needing_attention(self) -> Self:
        """Failed alerts that nobody has dealt with. Channel tests are not among them."""
        return self.filter(NEEDS_ATTENTION)


def one_in(state: DeliveryState) -> Subquery:
    """Null for an alert without a delivery in this state. For few alerts.

    It is a subquery for each alert: for `Exists` PostgreSQL may read all deliveries.
    """
    return Subquery(_deliveries_in(state).values("state")[:1])


def _has(state: DeliveryState) -> Exists:
    """Alerts with a delivery in this state. For all alerts: this lets PostgreSQL estimate how many they are."""
    return Exists(_deliveries_in(state))


def _deliveries_in(state: DeliveryState) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(alert=OuterRef("pk"), state=state, notice="").order_by()


class Alert(models.Model):
    """One message for one clinician, as the client sent it."""

    client = models.ForeignKey(
        ApiClient,
        on_delete=models.PROTECT,
        related_name="alerts",
        db_index=False,  # `alert_newest_of_client` begins with it
        null=True,
        blank=True,
        verbose_name="hospital system",
        help_text="Empty for a channel test: Bleep sends it itself.",
    )
    is_test = models.BooleanField(
        "channel test", default=False, help_text="Sent by staff to try one channel; in no statistics."
    )
    message_id = models.CharField("message ID", max_length=128)
    type = models.CharField(max_length=64)
    patient_id = models.CharField("patient reference", max_length=64)
    contact_id = models.CharField(
        "contact ID", max_length=64, help_text="As it was sent: it may have changed since."
    )
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="alerts")
    # The API takes 1,000 characters. An alert that staff send on has a note before them.
    description = models.CharField(max_length=1100)
    priority = models.CharField(max_length=1, choices=Priority)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.OPEN)
    failed = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether its status is “failed”, for indexes. Triggers keep it.",
    )
    has_loop = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether somebody is asked to take it on: it had a plan when it was taken.",
    )
    created_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, editable=False, help_text="When its sender withdrew it.")

    status: str
    """An `AlertStatus`, after `with_status` only."""
    responsibility: Any
    """An `alerts.escalation.responsibility.Responsibility`, in answers of the API only."""

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
            ("view_answers", "Can view the report of answers"),
            ("ask_aws", "Can ask AWS whether Bleep can send"),
        )
        constraints = (
            # Not `unique=True`, with which Django makes a second index, for LIKE.
            models.UniqueConstraint(name="alert_message_id_is_unique", fields=("message_id",)),
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
            # The list of alerts, and statistics. (That of `clinician`: a clinician's page, a department's list.)
            models.Index(name="alert_newest", fields=("-created_at", "-id")),
            # The API's list.
            models.Index(name="alert_newest_of_client", fields=("client", "-created_at", "-id")),
            # A search for the patient's reference.
            models.Index(name="alert_of_patient", fields=("patient_id",)),
            # The list by status, and of channel tests. Most alerts are in none of these.
            models.Index(name="alert_failed", fields=("-created_at", "-id"), condition=Q(failed=True)),
            models.Index(
                name="alert_decided", fields=("-created_at", "-id"), condition=~Q(state=AlertState.OPEN)
            ),
            models.Index(name="alert_tests", fields=("-created_at", "-id"), condition=Q(is_test=True)),
            # Expiry, which must not read what has expired each night again. An alert leaves it by expiring.
            models.Index(name="alert_with_text", fields=("created_at", "id"), condition=HAS_TEXT),
            # Home, and the list of what nobody has taken on. Only what has a plan, and is open, is in it.
            models.Index(
                name="alert_unanswered",
                fields=("created_at", "id"),
                condition=UNANSWERED,
            ),
            # The report of answers. Most alerts have no plan.
            models.Index(name="alert_asked_about", fields=("created_at",), condition=Q(has_loop=True)),
            # Home, metrics, and the list of what needs attention.
            models.Index(
                name="alert_needs_attention",
                fields=("-created_at", "-id"),
                condition=NEEDS_ATTENTION,
            ),
        )

    def __str__(self) -> str:
        return self.message_id

    @property
    def is_blank(self) -> bool:
        """Whether its text, patient reference and addresses are gone."""
        return self.description == EXPIRED == self.patient_id

    @property
    def messages(self) -> "list[Delivery]":
        """Its deliveries without notices, which say nothing about the state of the alert. No query if they were
        prefetched.
        """
        return [each for each in self.deliveries.all() if not each.notice]

    def know(self, deliveries: list[Delivery]) -> None:
        """Let `deliveries.all()` return these, without a query."""
        known = self.deliveries.all()
        known._result_cache = deliveries  # noqa: SLF001 - as `prefetch_related` does
        self._prefetched_objects_cache = {"deliveries": known}
        for delivery in deliveries:
            delivery.alert = self


_MARK = "the message_id"


@cache
def _of_message() -> tuple[str, tuple[Any, ...], Columns[Alert], Columns[Delivery]]:
    """The statement of `of_message`, whose values have `_MARK` in place of the message_id.

    Django builds the part that computes the status once: building it takes longer than running it.
    """
    alert, values = Alert.objects.with_status().filter(message_id=_MARK).order_by().query.sql_with_params()
    alerts, deliveries = Columns(Alert), Columns(Delivery)
    statement = (
        f"SELECT alert.*, {deliveries.of('delivery')} FROM ({alert}) AS alert"  # noqa: S608 - names of our own
        " LEFT JOIN alerts_delivery AS delivery ON delivery.alert_id = alert.id AND delivery.notice = ''"
        " ORDER BY delivery.created_at, delivery.id"
    )
    return statement, values, alerts, deliveries
