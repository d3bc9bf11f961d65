"""The misbehaviour that was asked for: what a fault may say, and which fault a request meets.

| kind | what a client sees | accepted? |
| --- | --- | --- |
| `throttle` | the service's own throttling error | no |
| `error` | an internal error, 500 | no |
| `error_after` | the same | yes |
| `hang_before` | nothing for `seconds` (60 unless told), then the connection drops | no |
| `hang_after` | the same | yes |
| `reset_after` | the connection drops at once | yes |
| `reject` | the error `code`, or the service's usual one | no |
| `delay` | the usual answer, `seconds` late (1 unless told) | yes |
| `busy`, `no_answer` | a call that is placed, rings for `seconds` (0 unless told), and is not answered | yes |
| `pending` | a new e-mail subscription that waits for its confirmation | yes |
"""

import itertools
import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Literal, get_args

from sandbox.aws.answers import model
from sandbox.aws.contacts import OPERATIONS as CONNECT_OPERATIONS

AnswerKind = Literal[
    "throttle", "error", "error_after", "hang_before", "hang_after", "reset_after", "reject", "delay"
]
OutcomeKind = Literal["busy", "no_answer"]
SubscriptionKind = Literal["pending"]

#: Whom a request would reach; asked only where a fault is for somebody.
Recipients = Callable[[], Collection[str]]

ANSWER_KINDS: tuple[str, ...] = get_args(AnswerKind)
OUTCOME_KINDS: tuple[str, ...] = get_args(OutcomeKind)
SUBSCRIPTION_KINDS: tuple[str, ...] = get_args(SubscriptionKind)
KINDS = ANSWER_KINDS + OUTCOME_KINDS + SUBSCRIPTION_KINDS

MAX_SECONDS = 3600
_DEFAULT_SECONDS = {"hang_before": 60.0, "hang_after": 60.0, "delay": 1.0}
#: Kinds that say how one operation turns out, and would never be met on another.
_ONLY_FOR = dict.fromkeys(OUTCOME_KINDS, "connect:StartOutboundVoiceContact") | {"pending": "sns:Subscribe"}


class BadFaultError(ValueError):
    """A fault that cannot be meant; the message is a sentence that names the field."""


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """A way to misbehave, and whom it meets.

    `times` of None is for ever. `seconds` is how long to hold a connection, or to let a telephone ring.
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
        """Say whether a request for the operation to these recipients is one that the fault is for."""
        service = operation.partition(":")[0]
        if self.operation not in (operation, f"{service}:*", "*"):
            return False
        return self.to is None or self.to in recipients()


class _Active:
    """A fault at work: how many times it may still be met, and its own dice."""

    def __init__(self, number: int, fault: InjectedFault) -> None:
        self.number = number
        self.fault = fault
        self.met = 0
        # Dice for a rehearsal, repeatable with a seed: no secret depends on them.
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
    """The faults at work, oldest first; a request meets the first that covers it, and a spent one is gone."""

    def __init__(self) -> None:
        self._active: list[_Active] = []
        self._numbers = itertools.count(1)
        self._lock = Lock()

    def add(self, fault: InjectedFault) -> dict[str, Any]:
        """Put a fault to work; give it as it will be listed."""
        with self._lock:
            active = _Active(next(self._numbers), fault)
            self._active.append(active)
            return active.as_json()

    def listed(self) -> list[dict[str, Any]]:
        """List the faults at work, ready for JSON."""
        with self._lock:
            return [active.as_json() for active in self._active]

    def clear(self) -> None:
        """Behave well from now on."""
        with self._lock:
            self._active.clear()

    def meet(self, operation: str, recipients: Recipients, kinds: Collection[str]) -> InjectedFault | None:
        """Give the fault of these kinds that a request meets, and count it; None where all is well."""
        with self._lock:
            for active in self._active:
                fault = active.fault
                if fault.kind in kinds and fault.covers(operation, recipients) and active.strikes():
                    active.met += 1
                    self._active = [other for other in self._active if not other.spent]
                    return fault
        return None


def parse(body: object) -> InjectedFault:
    """Read a fault from JSON; raise BadFaultError with a sentence that names the field at fault."""
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
        raise BadFaultError("'seed' is of use only with 'probability'.")


def _is_operation(value: object) -> bool:
    if not isinstance(value, str):
        return False
    service, _, name = value.partition(":")
    named = {"sns": model("sns").operation_names, "connect": CONNECT_OPERATIONS}
    return value == "*" or (service in named and (name == "*" or name in named[service]))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: object, highest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "operation": (
        _is_operation,
        "'*', 'sns:*', 'connect:*' or one, such as 'sns:Publish' or 'connect:StartOutboundVoiceContact'",
    ),
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "times": (_is_count, "a whole number from 1, or null for ever"),
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
