"""Health checks: is the promise kept right now?

Each check is one query over the ledger, by the database's clock. No counters are kept for it.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.db.models import (
    Case,
    DurationField,
    ExpressionWrapper,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least, Now
from django.utils.formats import date_format
from django.utils.timezone import localtime

from alerts.models import (
    Alert,
    Attempt,
    Delivery,
    RelayHeartbeat,
    WorkerHeartbeat,
    WorkerKind,
    WriteProbe,
)
from alerts.monitoring import front_door
from alerts.monitoring.findings import Finding, with_age
from alerts.monitoring.loops import Asking
from alerts.sending import clock_correction
from alerts.states import DeliveryState
from audit.models import Inspection
from config import database
from contacts.choices import Channel, Priority

OBJECTIVE: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=30),
    Priority.MEDIUM: timedelta(minutes=5),
    Priority.LOW: timedelta(minutes=30),
}
"""How long a waiting delivery of each priority may go without an attempt: longer than any retry waits."""
LEASE_OVERRUN = timedelta(seconds=30)
STEP_OVERRUN = timedelta(seconds=60)
"""How late a step of a plan may be. A relay looks every second."""
SENT_INSTEAD_FOR = WorkerHeartbeat.FRESH
"""How long to report that relays sent instead of workers: until workers that hang count as silent."""
RECENTLY = timedelta(days=1)
"""How far back to look in tables that grow for ever, so that a check run every few seconds stays cheap."""
COUNTED = 1000
"""The most rows from the future to count, of each kind."""
UNSEALED_FOR = timedelta(minutes=10)
"""How long rows may be without a seal. A relay makes some every quarter of a minute."""
CLOCK_OFFSET = timedelta(seconds=2)
"""How far the clock of a host may be from the database's."""


def waiting_seconds() -> dict[Priority, float]:
    """For each priority, how many seconds the longest-waiting delivery has gone without an attempt; 0 if none waits.

    Counted from the last attempt, or from its creation or the end of its pause. So a delivery that is postponed again
    and again, because its channel is over its budget or down, still grows old.
    """
    last_tried = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-number").values("finished_at")[:1]
    # Most of a backlog was never tried, so do not search the attempts for it.
    tried = Case(
        When(attempt_count=0, then=Coalesce("begins_at", "created_at")),
        default=Coalesce(Subquery(last_tried), "created_at"),
    )
    since = Least("available_at", tried)
    age = ExpressionWrapper(Now() - Min(since), output_field=DurationField())
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
    longest = dict(waiting.values("priority").annotate(longest=age).values_list("priority", "longest"))
    # A delivery that has yet to begin has not waited.
    return {priority: max(0.0, longest.get(priority, timedelta()).total_seconds()) for priority in Priority}


def oldest_due(waiting: dict[Priority, float]) -> list[Finding]:
    """Whether deliveries wait for too long, by priority."""
    return [
        Finding(
            f"oldest_due_seconds_{priority.name.lower()}",
            seconds,
            OBJECTIVE[priority].total_seconds(),
            f"{priority.label} deliveries wait longer than they should: check relay, workers and Redis.",
        )
        for priority, seconds in waiting.items()
    ]


def of_loops(asking: dict[Priority, Asking]) -> list[Finding]:
    """Whether steps of plans are late, and whether nobody is left to ask."""
    return [
        Finding(
            "late_step_seconds",
            max(each.late_seconds for each in asking.values()),
            STEP_OVERRUN.total_seconds(),
            "The next person should have been asked, and nobody did it: check that a relay is running, and its log.",
        ),
        Finding(
            "exhausted_alerts",
            sum(each.exhausted for each in asking.values()),
            0,
            "Nobody is left to ask about some alerts, and nobody has accepted them: reach somebody by hand.",
            is_for_staff=True,
        ),
    ]


def _expired_leases() -> list[Finding]:
    expired = Delivery.objects.filter(
        state=DeliveryState.SENDING, lease_expires_at__lt=Now() - LEASE_OVERRUN
    ).count()
    return [
        Finding(
            "expired_leases",
            expired,
            0,
            "Leases have run out and nobody recovers them: check that a relay is running.",
        )
    ]


def _alerts_without_delivery() -> list[Finding]:
    # One look for each alert: a join may read all deliveries.
    any_delivery = Subquery(Delivery.objects.filter(alert=OuterRef("pk")).order_by().values("state")[:1])
    recent = Alert.objects.filter(created_at__gt=Now() - RECENTLY)
    lone = recent.alias(any_delivery=any_delivery).filter(any_delivery__isnull=True).count()
    return [
        Finding(
            "alerts_without_delivery",
            lone,
            0,
            "Alerts have no delivery, which should be impossible: tell the developers.",
        )
    ]


def _rows_from_the_future() -> list[Finding]:
    """Dates in the future, although nothing sets such dates: the database's clock was set back. One query.

    Indexes find the newest rows. Of a delivery only the time of the hand-over is checked: its other dates are those of
    its alert and attempts.
    """
    later = Now() + clock_correction.TOLERANCE
    dated = (
        Alert.objects.filter(created_at__gt=later),
        Attempt.objects.filter(channel__in=Channel.values, started_at__gt=later),
        Delivery.objects.filter(
            state=DeliveryState.PENDING, priority__in=Priority.values, handed_over_at__gt=later
        ),
    )
    first, *others = (rows.order_by().values_list(Value(1))[:COUNTED] for rows in dated)
    return [
        Finding(
            "rows_from_the_future",
            first.union(*others, all=True).count(),
            0,
            "Rows are dated in the future, because the database's clock was set back. Alerts are sent, but their times "
            "and these checks are wrong until it has caught up: check the clock of the database's host.",
        )
    ]


def _processes() -> list[Finding]:
    """Silent relays and workers, relays that do the workers' work, and clocks that are off. One query, and
    one more while no relay is heard.
    """
    instead = Case(When(sent_itself_at__gt=Now() - SENT_INSTEAD_FOR, then=True), default=False)
    # A start in the future is from before the database's clock was set back.
    long_ago = Q(started_at__lt=Now() - WorkerHeartbeat.FRESH) | Q(
        started_at__gt=Now() + clock_correction.TOLERANCE
    )
    settled = Case(When(long_ago, then=True), default=False)
    no, offset = Value(value=False), "clock_offset_seconds"
    relays = RelayHeartbeat.objects.fresh().values_list(Value("relay"), instead, settled, offset)
    workers = WorkerHeartbeat.objects.fresh().values_list("kind", no, no, offset)
    heard = list(relays.union(workers, all=True))
    kinds = {kind for kind, *_ in heard}
    # Until a relay has run for a while, the workers may still be starting too.
    may_be_missed = any(at_work for _, _, at_work, _ in heard)
    silent = "relay" not in kinds
    return [
        Finding("relays_silent", int(silent), 0, _why_silent(silent=silent)),
        # Relays send High themselves when no worker does. So hanging workers cause no lateness and no growing queue.
        Finding(
            "relays_send_themselves",
            sum(sent for _, sent, _, _ in heard),
            0,
            "Relays had to send urgent deliveries because no worker took them: restart `worker-urgent`, check Redis.",
        ),
        *(
            Finding(
                f"workers_silent_{kind.value}", int(may_be_missed and kind.value not in kinds), 0, sentence
            )
            for kind, sentence in SILENT_WORKERS.items()
        ),
        Finding(
            "clock_offset_seconds",
            max((abs(seconds) for *_, seconds in heard if seconds is not None), default=0.0),
            CLOCK_OFFSET.total_seconds(),
            "The clock of a relay's or a worker's host differs from the database's. If it is minutes off, AWS refuses "
            "all that it sends: set the clocks of all hosts by NTP.",
        ),
    ]


def _why_silent(*, silent: bool) -> str:
    """The sentence if no relay is heard. A relay that cannot write cannot report either, and starting one would not
    help.
    """
    cause = _why_nothing_is_stored() if silent else None
    if cause:
        return f"{cause} So no relay can send or report: docs/recovery.md says what to do."
    return "No relay has reported lately: start `manage.py relay`."


def _why_nothing_is_stored() -> str | None:
    try:
        with transaction.atomic():
            WriteProbe.objects.write()
    except Error as error:
        cause = database.cause(error)
        if cause is None:
            raise
        return cause
    return None


def _trail() -> list[Finding]:
    """Whether the trail is sealed, and as it was written. One query."""
    state = with_age(Inspection.objects.filter(pk=1), "sealed_at").first()
    return [
        Finding(
            "trail_broken",
            max(state.found, state.found_before) if state else 0,
            0,
            "Rows of the trail were changed, are gone, or are in no seal: run `manage.py verify_audit`, and find out "
            "who can write to the database.",
        ),
        Finding(
            "trail_unsealed_seconds",
            state.since.total_seconds() if state else 0,
            UNSEALED_FOR.total_seconds(),
            "No relay seals what people did: check the relays' logs for `periodic.failed`.",
        ),
    ]


def _break_glass() -> list[Finding]:
    if not settings.BREAK_GLASS_LOGINS:
        return []
    since = Now() - RECENTLY
    used = User.objects.filter(username__in=settings.BREAK_GLASS_LOGINS, last_login__gt=since).count()
    return [
        Finding(
            "break_glass_logins",
            used,
            0,
            "A login for emergencies was used within the last day. Ask its keepers who used it, and why.",
            is_for_staff=True,
        )
    ]


def _front_door() -> list[Finding]:
    if not settings.FRONT_DOOR_URL:
        return []
    found = front_door.ask()
    refused = found.refusals
    return [
        Finding(
            "intake_fails",
            int(found.problem is not None),
            0,
            f"Intake did not take a test alert. {found.problem or ''} Check `door`, `web-api` and the database.",
        ),
        Finding(
            "requests_not_taken",
            refused.requests if refused else 0,
            0,
            f"Intake could not take {refused.requests} requests since {date_format(localtime(refused.since), 'H:i')}. "
            f"Its last answer was: “{refused.detail}”"
            if refused
            else "",
        ),
    ]


SILENT_WORKERS: dict[WorkerKind, str] = {
    WorkerKind.URGENT: "No worker for urgent deliveries has reported lately: start `worker-urgent`, check Redis.",
    WorkerKind.OTHERS: "No worker for all deliveries has reported lately: start `worker`, check Redis.",
}
CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    _expired_leases,
    _alerts_without_delivery,
    _rows_from_the_future,
    _processes,
    _front_door,
    _trail,
    _break_glass,
)
