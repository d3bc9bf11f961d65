"""Answers a call to AWS as a fault says: late, wrongly, or not at all."""

from collections.abc import Callable
from http import HTTPStatus
from threading import Event

from werkzeug.wrappers import Response

from sandbox.aws.answers import Call, error
from sandbox.aws.faults import ANSWER_KINDS, Faults, InjectedFault

_THROTTLED = {
    "sns": ("Throttling", "Rate exceeded", 400),
    "sqs": ("RequestThrottled", "Request is throttled.", 403),
    "connect": ("TooManyRequestsException", "Too Many Requests", 429),
}
"""The code, message and status of each service's throttling. Connect's is in no model, but AWS sends it."""
_BROKEN = {"sns": "InternalError", "sqs": "InternalError", "connect": "InternalServiceException"}
_REFUSED = {
    "sns": "InvalidParameter",
    "sqs": "AccessDeniedException",
    "connect": "DestinationNotAllowedException",
}

_SAID = {"InvalidParameter": "Invalid parameter: PhoneNumber Reason: the number is not valid to publish to"}
"""Messages for codes that alone do not say what was refused."""


class HungError(ConnectionAbortedError):
    """No answer: the server drops the connection."""


def answer(call: Call, faults: Faults, stopping: Event) -> Response:
    """Carry the request out, or apply the first fault that matches it. `stopping` releases held connections."""
    fault = faults.meet(call.operation, call.recipients, ANSWER_KINDS)
    if fault is None:
        return call.carry_out()
    return _KINDS[fault.kind](call, fault, stopping)


def _throttle(call: Call, _fault: InjectedFault, _stopping: Event) -> Response:
    return error(call.service, *_THROTTLED[call.service])


def _error(call: Call, _fault: InjectedFault, _stopping: Event) -> Response:
    return error(call.service, _BROKEN[call.service], "An internal error occurred.", 500)


def _reject(call: Call, fault: InjectedFault, _stopping: Event) -> Response:
    code = fault.code or _REFUSED[call.service]
    return error(call.service, code, _SAID.get(code, "Rejected by a fault of the stand-in."))


def _delay(call: Call, fault: InjectedFault, stopping: Event) -> Response:
    stopping.wait(fault.seconds)
    return call.carry_out()


def _hang_before(_call: Call, fault: InjectedFault, stopping: Event) -> Response:
    stopping.wait(fault.seconds)
    raise HungError


def _error_after(call: Call, fault: InjectedFault, stopping: Event) -> Response:
    refusal = _accept(call)
    return _error(call, fault, stopping) if refusal is None else refusal


def _lose_answer(call: Call, fault: InjectedFault, stopping: Event) -> Response:
    if (refusal := _accept(call)) is not None:
        return refusal
    stopping.wait(fault.seconds)
    raise HungError


def _accept(call: Call) -> Response | None:
    """Carry the request out. Returns the answer only if the service refused, so that nothing was accepted."""
    response = call.carry_out()
    return None if response.status_code == HTTPStatus.OK else response


_KINDS: dict[str, Callable[[Call, InjectedFault, Event], Response]] = {
    "throttle": _throttle,
    "error": _error,
    "error_after": _error_after,
    "hang_before": _hang_before,
    "hang_after": _lose_answer,
    "reset_after": _lose_answer,
    "reject": _reject,
    "delay": _delay,
}
