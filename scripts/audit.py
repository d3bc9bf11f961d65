"""`make audit`: asks PyPI for known vulnerabilities of the locked packages: the image's, the tools', and others.

Exits with 1 if there are any, and with 69 if nobody could be asked about some of them: then nothing is known of those.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "deploy/aws/requirements.txt", "requirements-audit.txt")
PIP_AUDIT = ROOT / ".audit" / "bin" / "pip-audit"
UNAVAILABLE = 69
NOT_ASKED = (
    "{lock}: nobody could be asked about {count} of {total} packages, so nothing is known of them. Run `make audit` "
    "where PyPI itself is reached, and no mirror of it."
)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def audit(lock: str) -> int:
    """Print the result for one lock. Returns the exit status."""
    command = [str(PIP_AUDIT), "--disable-pip", "--require-hashes", "--requirement", lock, "--format", "json"]
    done = subprocess.run(  # noqa: S603 - our own words
        [*command, "--progress-spinner", "off", "--timeout", "15"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        say(f"{lock}: {''.join(done.stderr.strip().splitlines()[-1:])}")
        packages = []
    faulty = [each for each in packages if each.get("vulns")]
    for each in faulty:
        names = ", ".join(fault["id"] for fault in each["vulns"])
        say(f"{lock}: {each['name']} {each['version']}: {names}")
    skipped = [each for each in packages if "skip_reason" in each]
    if skipped or not packages:
        say(NOT_ASKED.format(lock=lock, count=len(skipped) or "its", total=len(packages) or "many"))
    elif not faulty:
        say(f"{lock}: no known vulnerability in {len(packages)} packages")
    return 1 if faulty else UNAVAILABLE if skipped or not packages else 0


def main() -> int:
    """Audit all locks. A known vulnerability outweighs missing answers."""
    found = {audit(lock) for lock in LOCKS}
    return 1 if 1 in found else max(found)


if __name__ == "__main__":
    sys.exit(main())
