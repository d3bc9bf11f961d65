"""The drawing of the contact flow in docs/aws.md, from the flow itself."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FLOW = Path(__file__).resolve().parent.parent / "deploy" / "aws" / "contact-flow.json"
KEYS = re.compile(r"[0-9*#]")
BRANCHES = {
    "InputTimeLimitExceeded": "silence",
    "NoMatchingCondition": "other",
    "NoMatchingError": "error",
    "ContinueLooping": "again",
    "DoneLooping": "enough",
}
SHAPES = {"GetParticipantInput": ("([", "])"), "Compare": ("{", "}"), "Loop": ("{{", "}}")}


def drawing() -> str:
    """The blocks and their branches as Mermaid's flowchart."""
    flow = json.loads(FLOW.read_text(encoding="utf-8"))
    lines = ["```mermaid", "flowchart TD"]
    for action in flow["Actions"]:
        start, end = SHAPES.get(action["Type"], ("[", "]"))
        lines.append(f'    {action["Identifier"]}{start}"{_label(action)}"{end}')
    for action in flow["Actions"]:
        lines += [f"    {action['Identifier']} -->{label} {to}" for label, to in _ways(action)]
    return "\n".join([*lines, "```"])


def _label(action: Mapping[str, Any]) -> str:
    name = action["Identifier"].replace("-", " ").capitalize()
    seconds = action["Parameters"].get("InputTimeLimitSeconds")
    return f"{name}, wait {seconds} s for a key" if seconds else name


def _ways(action: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each block that follows, once, with the results that lead to it."""
    transitions = action["Transitions"]
    names: dict[str, list[str]] = {}
    for condition in transitions.get("Conditions", []):
        names.setdefault(condition["NextAction"], []).append(_branch(condition["Condition"]["Operands"][0]))
    for error in transitions.get("Errors", []):
        names.setdefault(error["NextAction"], []).append(BRANCHES[error["ErrorType"]])
    # If all results have branches of their own, this one is never taken.
    if action["Type"] not in SHAPES and "NextAction" in transitions:
        names.setdefault(transitions["NextAction"], []).insert(0, "")
    for to, labels in names.items():
        label = ", ".join(filter(None, labels))
        yield (f"|{label}|" if label and "" not in labels else ""), to


def _branch(result: str) -> str:
    """A key in words: a bare asterisk would be markup."""
    if not KEYS.fullmatch(result):
        return BRANCHES.get(result, result)
    return f"key {result}" if result.isdigit() else {"*": "star", "#": "hash"}[result]
