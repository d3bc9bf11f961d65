"""How many unknown tokens one address may try in a minute.

Each web process counts for itself, in memory. Only unknown tokens count, after they were looked up: a hospital system
with a valid token is never refused because something else at its address guesses.
"""

from collections import OrderedDict
from threading import Lock

from clients.windows import Window

MOST_PER_MINUTE = 60
MOST_ADDRESSES = 10_000

_windows: OrderedDict[str, Window] = OrderedDict()
_lock = Lock()


def wait(address: str) -> int:
    """Count an unknown token, and return 0; or the whole seconds until the address may try another."""
    with _lock:
        window = _windows.setdefault(address, Window())
        _windows.move_to_end(address)
        if len(_windows) > MOST_ADDRESSES:
            _windows.popitem(last=False)
    return window.wait(MOST_PER_MINUTE)


def forget() -> None:
    """Forget all addresses."""
    with _lock:
        _windows.clear()
