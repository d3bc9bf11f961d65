"""Injected faults: which kinds there are, and which fault applies to a request.

| kind | what the client sees | accepted? |
| --- | --- | --- |
| `throttle` | the service's own throttling error | no |
| `error` | an internal error, 500 | no |
| `error_after` | the same | yes |
| `hang_before` | nothing for `seconds` (default 60), then the connection drops | no |
| `hang_after` | the same | yes |
| `reset_after` | the connection drops at once | yes |
| `reject` | the error `code`, or the service's usual one | no |
| `delay` | the usual answer, `seconds` late (default 1) | yes |
| `busy`, `no_answer` | the call is placed, and rings for `seconds` (default 0) unless a person answers | yes |
| `pending` | the new e-mail subscription waits for its confirmation | yes |
| `twice` | the reply to an SMS is in the queue twice; `to` is who replied | yes |
"""

import itertools
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Literal, get_args

from sandbox.aws.answers import model

CONNECT_OPERATIONS = (
    "StartOutboundVoiceContact",
    "DescribeContact",
    "GetContactAttributes",
    "UpdateContactAttributes",
    "StopContact",
)
"""The operations on calls, which can be made to fail."""

AnswerKind = Literal[
    "throttle", "error", "error_after", "hang_before", "hang_after", "reset_after", "reject", "delay"
]
OutcomeKind = Literal["busy", "no_answer"]
SubscriptionKind = Literal["pending"]
ReplyKind = Literal["twice"]

Recipients = Callable[[], Collection[str]]
"""The recipients of a request; called only if a fault names one."""

ANSWER_KINDS: tuple[str, ...] = get_args(AnswerKind)
OUTCOME_KINDS: tuple[str, ...] = get_args(OutcomeKind)
SUBSCRIPTION_KINDS: tuple[str, ...] = get_args(SubscriptionKind)
REPLY_KINDS: tuple[str, ...] = get_args(ReplyKind)
KINDS = ANSWER_KINDS + OUTCOME_KINDS + SUBSCRIPTION_KINDS + REPLY_KINDS

MAX_SECONDS = 3600
_DEFAULT_SECONDS = {"hang_before": 60.0, "hang_after": 60.0, "delay": 1.0}
_ONLY_FOR = dict.fromkeys(OUTCOME_KINDS, "connect:StartOutboundVoiceContact") | {
    "pending": "sns:Subscribe",
    "twice": "sqs:SendMessage",
}
"""Kinds that apply to one operation only."""


class BadFaultError(ValueError):
    """The fault is invalid. The message is a sentence that names the field."""


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """A fault, and the requests that it applies to.

    `times` None means no limit. `seconds` is how long to hold a connection, or how long a call rings.
    """

    operation: str
    kind: str
    times: int | None = None
    to: str | None = None
    seconds: float = 0.0
    code: str | None = None
    probability: float | None = None
    seed: int | None = None

    def covers(self, operation: str, recipients: Recipients) -> bool:
        """Whether the fault applies to a request for this operation to these recipients."""
        service = operation.partition(":")[0]
        if self.operation not in (operation, f"{service}:*", "*"):
            return False
        return self.to is None or self.to in recipients()


class _Active:
    """An active fault: how often it has occurred, and its own random numbers."""

    def __init__(self, number: int, fault: InjectedFault) -> None:
        self.number = number
        self.fault = fault
        self.met = 0
        # Repeatable with a seed. No secret depends on it.
        self._dice = random.Random(fault.seed)  # noqa: S311

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.met >= self.fault.times

    def strikes(self) -> bool:
        return self.fault.probability is None or self._dice.random() < self.fault.probability

    def as_json(self) -> dict[str, Any]:
        left = None if self.fault.times is None else self.fault.times - self.met
        return {"id": self.number, **asdict(self.fault), "left": left, "met": self.met}


class Faults:
    """Active faults, oldest first. A request meets the first that covers it; a used-up fault is removed."""

    def __init__(self) -> None:
        self._active: list[_Active] = []
        self._numbers = itertools.count(1)
        self._lock = Lock()

    def add(self, fault: InjectedFault) -> dict[str, Any]:
        """Add a fault. Returns it as `listed` does."""
        with self._lock:
            active = _Active(next(self._numbers), fault)
            self._active.append(active)
            return active.as_json()

    def listed(self) -> list[dict[str, Any]]:
        """The active faults, ready for JSON."""
        with self._lock:
            return [active.as_json() for active in self._active]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._active.clear()

    def meet(self, operation: str, recipients: Recipients, kinds: Collection[str]) -> InjectedFault | None:
        """The fault of these kinds that a request meets, or None. It is counted."""
        with self._lock:
            for active in self._active:
                fault = active.fault
                if fault.kind in kinds and fault.covers(operation, recipients) and active.strikes():
                    active.met += 1
                    self._active = [other for other in self._active if not other.spent]
                    return fault
        return None


def parse(body: object) -> InjectedFault:
    """Read a fault from JSON. Raises BadFaultError, which names the invalid field."""
    if not isinstance(body, dict):
        raise BadFaultError("A fault is a JSON object with at least 'operation' and 'kind'.")
    if unknown := sorted(set(body) - set(_FIELDS)):
        raise BadFaultError(f"'{unknown[0]}' is not a field of a fault; the fields are {', '.join(_FIELDS)}.")
    for name in ("operation", "kind"):
        if body.get(name) is None:
            raise BadFaultError(f"'{name}' is required.")
    values = {name: value for name, value in body.items() if value is not None}
    for name, value in values.items():
        holds, rule = _FIELDS[name]
        if not holds(value):
            raise BadFaultError(f"'{name}' must be {rule}.")
    _check_together(values)
    seconds = float(values.pop("seconds", _DEFAULT_SECONDS.get(values["kind"], 0.0)))
    return InjectedFault(seconds=seconds, **values)


def _check_together(values: Mapping[str, Any]) -> None:
    kind, operation = values["kind"], values["operation"]
    only = _ONLY_FOR.get(kind)
    if only is not None and operation not in (only, f"{only.partition(':')[0]}:*", "*"):
        raise BadFaultError(f"'operation' must be '{only}' (or a wildcard) for the kind '{kind}'.")
    if "code" in values and kind != "reject":
        raise BadFaultError("'code' is for the kind 'reject' only.")
    if "seed" in values and "probability" not in values:
        raise BadFaultError("'seed' needs 'probability'.")


def _is_operation(value: object) -> bool:
    if not isinstance(value, str):
        return False
    service, _, name = value.partition(":")
    named = {
        "sns": model("sns").operation_names,
        "sqs": model("sqs").operation_names,
        "connect": CONNECT_OPERATIONS,
    }
    return value == "*" or (service in named and (name == "*" or name in named[service]))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: object, highest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "operation": (
        _is_operation,
        "'*', 'sns:*', 'sqs:*', 'connect:*' or one, such as 'sns:Publish' or 'connect:StartOutboundVoiceContact'",
    ),
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "times": (_is_count, "a whole number from 1, or null for no limit"),
    "to": (
        lambda value: isinstance(value, str) and value != "",
        "a phone number, an e-mail address or a topic",
    ),
    "seconds": (lambda value: _is_number(value, MAX_SECONDS), f"a number from 0 to {MAX_SECONDS}"),
    "code": (
        lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9.]{1,100}", value) is not None,
        "an error code, such as 'OptedOut'",
    ),
    "probability": (lambda value: _is_number(value, 1), "a number from 0 to 1"),
    "seed": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
}
