"""Telephones whose people accept, decline, let a voicemail answer, reject, or do not hear."""

import contextlib
import json
import random
import threading
import urllib.error
from collections import Counter
from collections.abc import Collection

from bench.stack import Stack

EVERY = 0.5
"""Seconds between two looks at what rings."""
KEYS = {"accepts": "11", "declines": "12", "voicemail": "", "hangs up": "1"}
WHAT = (*KEYS, "accepts", "rejects", "does not hear", "does not hear")


class Telephones:
    """The telephones of some people. Use it as a context manager."""

    def __init__(self, stack: Stack, numbers: Collection[str], seed: int) -> None:
        self.did: Counter[str] = Counter()
        self._stack = stack
        self._numbers = set(numbers)
        self._dice = random.Random(seed)
        self._ended = threading.Event()
        self._heard: set[str] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Telephones":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            with contextlib.suppress(OSError, ValueError):  # the stand-in is frozen, or the call has ended
                self._look()

    def _look(self) -> None:
        for call in json.loads(self._stack.aws("GET", "/messages?missed=true")):
            ours = call["to"] in self._numbers and call.get("state") == "ringing"
            if ours and call["provider_id"] not in self._heard:
                self._heard.add(call["provider_id"])
                self._answer(call["to"], self._dice.choice(WHAT))

    def _answer(self, number: str, what: str) -> None:
        self.did[what] += 1
        if what == "does not hear":
            return
        body = {"number": number, **({"keys": KEYS[what]} if what in KEYS else {})}
        path = "/handset/answer" if what in KEYS else "/handset/reject"
        with contextlib.suppress(urllib.error.HTTPError):  # it has stopped ringing since
            self._stack.aws("POST", path, json.dumps(body).encode())
