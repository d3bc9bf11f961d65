"""Writes the outputs of a deployment into Bleep's settings: `python -m deploy.aws.env_file OUTPUTS ENV_FILE`."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

STACK = "BleepMessaging"
EXAMPLE = Path(__file__).resolve().parent.parent / "bleep.env.example"


def output_name(variable: str) -> str:
    """The name of an environment variable as an output: CloudFormation allows letters and digits alone."""
    return "".join(word.capitalize() for word in variable.split("_"))


def variable_name(output: str) -> str:
    """The environment variable that an output is for."""
    return "_".join(re.findall(r"[A-Z][a-z0-9]*", output)).upper()


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with these values in its settings. All its other lines stay."""
    lines = text.splitlines()
    for name, value in values.items():
        line = f"{name}={value}"
        places = [number for number, found in enumerate(lines) if found.startswith(f"{name}=")]
        for number in places:
            lines[number] = line
        if not places:
            lines.append(line)
    return "\n".join(lines) + "\n"


def main(outputs: Path, env_file: Path) -> None:
    """Fill in the settings. If the file does not exist, it starts as a copy of the example."""
    found: Mapping[str, Mapping[str, str]] = json.loads(outputs.read_text(encoding="utf-8"))
    if STACK not in found:
        raise SystemExit(f"{outputs} has nothing of the stack {STACK}: run `make aws-deploy` first.")
    values = {variable_name(output): value for output, value in found[STACK].items()}
    before = (env_file if env_file.exists() else EXAMPLE).read_text(encoding="utf-8")
    env_file.write_text(filled(before, values), encoding="utf-8")
    sys.stdout.write(f"{env_file}: {', '.join(values)}.\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
