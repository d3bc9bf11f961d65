"""The ledger: alerts, deliveries, attempts, what staff did about them, and the constraints by which the database keeps
them honest; and the heartbeats of the processes that work on it.
"""

from alerts.models.action import AlertAction
from alerts.models.alert import Alert
from alerts.models.delivery import Attempt, Delivery
from alerts.models.heartbeat import RelayHeartbeat, WorkerHeartbeat, WorkerKind

__all__ = [
    "Alert",
    "AlertAction",
    "Attempt",
    "Delivery",
    "RelayHeartbeat",
    "WorkerHeartbeat",
    "WorkerKind",
]
