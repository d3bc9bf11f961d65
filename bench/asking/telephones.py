"""Telephones of people who accept, decline, let a voicemail answer, reject, or do not hear; and who reply to SMS."""

import contextlib
import json
import random
import re
import secrets
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bench.stack import Stack

EVERY = 0.5
"""Seconds between two looks at telephones and inboxes."""
KEYS = {"accepts": "11", "declines": "12", "voicemail": "", "hangs up": "1"}
WITH_A_CALL = (*KEYS, "accepts", "rejects", "does not hear", "does not hear")
TEXTS = {
    "replies yes": "1 {code}",
    "replies no": "2 {code}",
    "replies yes without a code": "yes",
    "replies with another code": "1 {wrong}",
    "replies something": "Who is this?",
}
WITH_AN_SMS = (*TEXTS, "opens the link", "does not read it", "does not read it")
QUESTION = re.compile(
    r"Reply 1 (?P<code>\d{4}) to accept, 2 (?P=code) to decline(?:, or open (?P<link>\S+))?"
)
LINK_SECONDS = 10.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Telephones:
    """The telephones of some people. Use it as a context manager."""

    def __init__(self, stack: Stack, numbers: Collection[str], seed: int) -> None:
        """`numbers` are the numbers that are called, and those that get SMS."""
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
        for each in json.loads(self._stack.aws("GET", "/messages?missed=true")):
            act = self._act_on(each) if each["to"] in self._numbers else None
            if act and each["provider_id"] not in self._heard:
                self._heard.add(each["provider_id"])
                act()

    def _act_on(self, message: Mapping[str, Any]) -> Callable[[], None] | None:
        """What to do with a message, once. None if it neither rings nor asks for an answer."""
        number = message["to"]
        if message.get("state") == "ringing":
            return lambda: self._answer(number, self._dice.choice(WITH_A_CALL))
        asked = QUESTION.search(message["text"]) if message["channel"] == "sms" else None
        if asked is None:
            return None
        return lambda: self._reply(number, asked["code"], asked["link"] or "", self._dice.choice(WITH_AN_SMS))

    def _answer(self, number: str, what: str) -> None:
        self.did[what] += 1
        if what == "does not hear":
            return
        body = {"number": number, **({"keys": KEYS[what]} if what in KEYS else {})}
        self._do("/handset/answer" if what in KEYS else "/handset/reject", body)

    def _reply(self, number: str, code: str, link: str, what: str) -> None:
        self.did[what] += 1
        if what in TEXTS:
            wrong = f"{(int(code) + 1) % 10_000:04}"
            self._do("/handset/reply", {"number": number, "text": TEXTS[what].format(code=code, wrong=wrong)})
        elif what == "opens the link" and link:
            form = {
                "answer": self._dice.choice(("accept", "decline")),
                "code": code,
                "once": secrets.token_hex(8),
            }
            with contextlib.suppress(OSError):  # the web server is down, and these people do not try again
                _direct.open(link, urllib.parse.urlencode(form).encode(), LINK_SECONDS).close()

    def _do(self, path: str, body: Mapping[str, str]) -> None:
        with contextlib.suppress(urllib.error.HTTPError):  # it has stopped ringing meanwhile
            self._stack.aws("POST", path, json.dumps(body).encode())
