"""Runs the contact flow of `deploy/aws/contact-flow.json`, as Connect does while a person holds the telephone."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sandbox.aws.messages import Line

FILE = Path(__file__).parents[3] / "deploy" / "aws" / "contact-flow.json"
_ATTRIBUTE = re.compile(r"\$\.Attributes\.(\w+)")
_DIGITS = re.compile(r'<say-as interpret-as="digits">(.*?)</say-as>')
_CHARACTERS_A_SECOND = 15
"""The speed of speech, roughly: a key can be pressed until everything is spoken and the time for it is over."""

Action = Mapping[str, Any]


class EndlessFlowError(RuntimeError):
    """The flow never waits for a key, and never ends."""


class Conversation:
    """A person on the telephone, and the flow that speaks to them. Thread-safe.

    `attributes` are the contact's: the flow reads them, and stores the answer there.
    """

    def __init__(self, attributes: dict[str, str], now: datetime) -> None:
        self.attributes = attributes
        self._actions = _actions()
        self._lines: list[Line] = []
        self._loops: Counter[str] = Counter()
        self._lock = Lock()
        self._at: Action = self._actions[_flow()["StartAction"]]
        self._until = now
        self._ended_at: datetime | None = None
        self._go_on(now)

    def transcript(self, now: datetime) -> tuple[Line, ...]:
        """The prompts that the person has heard and the keys that they pressed so far."""
        self._pass_time(now)
        return tuple(self._lines)

    def ended_at(self, now: datetime) -> datetime | None:
        """When the flow hung up; None while it goes on."""
        self._pass_time(now)
        return self._ended_at

    def press(self, keys: str, now: datetime) -> None:
        """Press keys, one after the other. Keys after the end do nothing."""
        for key in keys:
            self._pass_time(now)
            with self._lock:
                if self._ended_at is None:
                    self._lines.append(Line("person", key))
                    self._leave(_on(self._at, key) or _error(self._at, "NoMatchingCondition"), now)

    def wait_out(self) -> None:
        """Press nothing until the flow hangs up."""
        while self._ended_at is None:
            self._pass_time(self._until)

    def _pass_time(self, now: datetime) -> None:
        with self._lock:
            while self._ended_at is None and now >= self._until:
                self._leave(_error(self._at, "InputTimeLimitExceeded"), self._until)

    def _leave(self, name: str, now: datetime) -> None:
        self._at = self._actions[name]
        self._go_on(now)

    def _go_on(self, now: datetime) -> None:
        """Run from block to block until one waits for a key, or hangs up."""
        for _ in range(len(self._actions) * 10):
            match self._at["Type"]:
                case "DisconnectParticipant":
                    self._ended_at = now
                    return
                case "GetParticipantInput":
                    words = self._say(self._at["Parameters"])
                    limit = int(self._at["Parameters"]["InputTimeLimitSeconds"])
                    self._until = now + timedelta(seconds=limit + len(words) / _CHARACTERS_A_SECOND)
                    return
                case _:
                    self._at = self._actions[self._next()]
        raise EndlessFlowError(f"The contact flow does not come to an end at {self._at['Identifier']}.")

    def _next(self) -> str:
        """Carry out a block that does not wait, and name the one after it."""
        parameters = self._at["Parameters"]
        match self._at["Type"]:
            case "MessageParticipant":
                self._say(parameters)
            case "UpdateContactAttributes":
                self.attributes.update(parameters["Attributes"])
            case "Compare":
                found = self._filled(parameters["ComparisonValue"])
                return _on(self._at, found) or _error(self._at, "NoMatchingCondition")
            case "Loop":
                name = self._at["Identifier"]
                self._loops[name] += 1
                goes_on = self._loops[name] <= int(parameters["LoopCount"])
                return _on(self._at, "ContinueLooping" if goes_on else "DoneLooping") or ""
            case "UpdateContactTextToSpeechVoice":
                pass  # every voice is the same here
            case other:
                raise NotImplementedError(f"The stand-in has no block of type {other}.")
        following: str = self._at["Transitions"]["NextAction"]
        return following

    def _say(self, parameters: Mapping[str, str]) -> str:
        words = self._filled(parameters["Text"]) if "Text" in parameters else self._ssml(parameters["SSML"])
        if words.strip():
            self._lines.append(Line("flow", words.strip()))
        return words

    def _ssml(self, ssml: str) -> str:
        """The sound of speech with this markup, with digits one by one."""
        heard = ""
        for before, digits in _parts(ssml):
            heard += re.sub(r"<[^>]*>", " ", before) + " ".join(self._filled(digits).replace(" ", ""))
        return " ".join(heard.split())

    def _filled(self, text: str) -> str:
        return _ATTRIBUTE.sub(lambda found: self.attributes.get(found[1], ""), text)


def _parts(ssml: str) -> Iterator[tuple[str, str]]:
    """Each stretch of text without digits, together with the digits after it."""
    rest = 0
    for found in _DIGITS.finditer(ssml):
        yield ssml[rest : found.start()], found[1]
        rest = found.end()
    yield ssml[rest:], ""


def _on(action: Action, result: str) -> str | None:
    """The next block for a key, or for another result; None if the block has none for it."""
    for condition in action["Transitions"].get("Conditions", []):
        if condition["Condition"]["Operands"] == [result]:
            return str(condition["NextAction"])
    return None


def _error(action: Action, kind: str) -> str:
    return next(str(one["NextAction"]) for one in action["Transitions"]["Errors"] if one["ErrorType"] == kind)


@cache
def _flow() -> Mapping[str, Any]:
    flow: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return flow


@cache
def _actions() -> Mapping[str, Action]:
    return {action["Identifier"]: action for action in _flow()["Actions"]}
