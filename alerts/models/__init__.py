"""The ledger: alerts, deliveries, attempts, staff's actions and people's answers, with the constraints that keep them
consistent.

It also has the register of refused requests, the heartbeats of relays and workers, and the row that `/readyz` writes.
"""

from alerts.models.action import AlertAction
from alerts.models.alert import HAS_TEXT, NEEDS_ATTENTION, UNANSWERED, Alert
from alerts.models.blanked import COMPARED, BlankedAlert, digest_of
from alerts.models.delivery import IS_UNFINISHED, Attempt, Delivery
from alerts.models.heartbeat import RelayHeartbeat, WorkerHeartbeat, WorkerKind, WriteProbe
from alerts.models.loop import Engagement, Loop
from alerts.models.refusal import Refusal, RefusalReason
from alerts.models.response import AnswerLink, InboundMessage, ReplyCode, Response

__all__ = [
    "COMPARED",
    "HAS_TEXT",
    "IS_UNFINISHED",
    "NEEDS_ATTENTION",
    "UNANSWERED",
    "Alert",
    "AlertAction",
    "AnswerLink",
    "Attempt",
    "BlankedAlert",
    "Delivery",
    "Engagement",
    "InboundMessage",
    "Loop",
    "Refusal",
    "RefusalReason",
    "RelayHeartbeat",
    "ReplyCode",
    "Response",
    "WorkerHeartbeat",
    "WorkerKind",
    "WriteProbe",
    "digest_of",
]
