"""Kills a process at a chosen step of the product's code, which has no hooks for it.

Only the process that dies wraps the step. It dies by SIGKILL: nothing is rolled back cleanly, no `finally` runs, no
connection is closed.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

_inside: ContextVar[bool] = ContextVar("inside", default=False)


@dataclass(frozen=True)
class Crash:
    """Die when the function `at`, written `module:name`, is about to run, or has run."""

    when: Literal["before", "after"]
    at: str
    inside: str = ""
    """Only while this function runs."""
    given: tuple[str, ...] = ()
    """Only if one of these is an argument."""


def arm(crash: Crash) -> None:
    """Make this process die when it reaches the step."""
    _wrap(crash.at, lambda step: _deadly(step, crash))
    if crash.inside:
        _wrap(crash.inside, _marked)


def _wrap(place: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    setattr(owner, name, wrapper(getattr(owner, name)))


def _marked(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def run(*args: Any, **kwargs: Any) -> Any:
        token = _inside.set(True)
        try:
            return step(*args, **kwargs)
        finally:
            _inside.reset(token)

    return run


def _deadly(step: Callable[..., Any], crash: Crash) -> Callable[..., Any]:
    @functools.wraps(step)
    def run(*args: Any, **kwargs: Any) -> Any:
        meant = (not crash.inside or _inside.get()) and (
            not crash.given or any(each in crash.given for each in args if isinstance(each, str))
        )
        if meant and crash.when == "before":
            die()
        result = step(*args, **kwargs)
        if meant:
            die()
        return result

    return run


def die() -> NoReturn:
    """End this process as the kernel's out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")
