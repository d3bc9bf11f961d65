"""The ledger's closed vocabulary. `sending`: alerts, deliveries and attempts; `asking`: who takes an alert on."""

from alerts.states.asking import (
    Effect,
    EngagementState,
    LoopOutcome,
    Notice,
    Proof,
    ResponseKind,
    ResponsibilityState,
    Why,
)
from alerts.states.sending import (
    DELIVERY_TRANSITIONS,
    NAMES_SOMEBODY,
    NEEDS_REASON,
    SUCCEEDED,
    UNFINISHED,
    AlertState,
    AlertStatus,
    AttemptState,
    DeliveryState,
    Outcome,
    Reason,
    StaffAction,
)

__all__ = [
    "DELIVERY_TRANSITIONS",
    "NAMES_SOMEBODY",
    "NEEDS_REASON",
    "SUCCEEDED",
    "UNFINISHED",
    "AlertState",
    "AlertStatus",
    "AttemptState",
    "DeliveryState",
    "Effect",
    "EngagementState",
    "LoopOutcome",
    "Notice",
    "Outcome",
    "Proof",
    "Reason",
    "ResponseKind",
    "ResponsibilityState",
    "StaffAction",
    "Why",
]
