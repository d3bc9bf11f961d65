"""The Dockerfile and the compose file, read."""

import re
from typing import Any

import yaml

from tests.local.machine import ROOT

PARTS = ("door", "web-api", "web-admin", "web-probes", "relay", "worker", "worker-urgent", "migrate")


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions, in order, with what each is given."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(instruction, rest) for instruction, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    instructions = dockerfile()
    start = max(index for index, (instruction, _) in enumerate(instructions) if instruction == "FROM")
    return instructions[start:]


def given(instruction: str) -> list[str]:
    return [rest for name, rest in last_stage() if name == instruction]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
