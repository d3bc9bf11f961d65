"""What staff do about an alert: take it on, send it again or to somebody else, cancel it, mark it as dealt with.

Each action and its record are one transaction with the alert's row locked. If two people act at the same instant, the
second is told what the first did.
"""

from alerts.actions.forwarding import MEANT_FOR_THEM, forward
from alerts.actions.handling import (
    A_TEST,
    NOTHING_TO_STOP,
    ON_ITS_WAY,
    DealtWith,
    act,
    newest_round,
    no_route,
    route_of,
    why_not,
)
from alerts.actions.records import ActionRefused, Overtaken, holder_after, holding, newest

__all__ = [
    "A_TEST",
    "MEANT_FOR_THEM",
    "NOTHING_TO_STOP",
    "ON_ITS_WAY",
    "ActionRefused",
    "DealtWith",
    "Overtaken",
    "act",
    "forward",
    "holder_after",
    "holding",
    "newest",
    "newest_round",
    "no_route",
    "route_of",
    "why_not",
]
