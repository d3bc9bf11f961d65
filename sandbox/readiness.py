"""Waits until the parts of a running Bleep are ready."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus

ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.1


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    # Without a proxy from the environment: the URL is on this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False


def wait_until_ready(
    parts: Mapping[str, Callable[[], bool]], *, seconds: float, look: Callable[[], None]
) -> Collection[str]:
    """Wait until every part is ready. Returns the parts that are not ready after `seconds`.

    `look` is called between tries. It may raise, for example because a part has ended.
    """
    deadline = time.monotonic() + seconds
    waiting = dict(parts)
    while True:
        look()
        waiting = {name: is_ready for name, is_ready in waiting.items() if not is_ready()}
        if not waiting or time.monotonic() > deadline:
            return waiting
        time.sleep(POLL_SECONDS)
