"""The ledger: alerts, deliveries, attempts and staff actions, with the constraints that keep them honest. Also the
register of refused requests, the heartbeats of relays and workers, and the row of `/readyz`.
"""

from alerts.models.action import AlertAction
from alerts.models.alert import Alert
from alerts.models.delivery import IS_UNFINISHED, Attempt, Delivery
from alerts.models.heartbeat import RelayHeartbeat, WorkerHeartbeat, WorkerKind, WriteProbe
from alerts.models.refusal import Refusal, RefusalReason

__all__ = [
    "IS_UNFINISHED",
    "Alert",
    "AlertAction",
    "Attempt",
    "Delivery",
    "Refusal",
    "RefusalReason",
    "RelayHeartbeat",
    "WorkerHeartbeat",
    "WorkerKind",
    "WriteProbe",
]
