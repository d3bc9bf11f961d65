"""What staff do about an alert: take it on, send it again or to somebody else, cancel it, mark it as dealt with.

Each action and its record are one transaction with the alert's row locked. If two people act at the same instant, the
second is told what the first did.
"""

from alerts.actions.answering import enter, newest as newest_answer, why_not as why_not_answered
from alerts.actions.forwarding import MEANT_FOR_THEM, ask, forward, wait_of, why_not_asked
from alerts.actions.handling import (
    A_TEST,
    NOTHING_TO_STOP,
    ON_ITS_WAY,
    DealtWith,
    act,
    asked_again,
    messages_again,
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
    "ask",
    "asked_again",
    "enter",
    "forward",
    "holder_after",
    "holding",
    "messages_again",
    "newest",
    "newest_answer",
    "newest_round",
    "no_route",
    "route_of",
    "wait_of",
    "why_not",
    "why_not_answered",
    "why_not_asked",
]
