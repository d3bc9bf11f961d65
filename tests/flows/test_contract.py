"""The API's schema is true: schemathesis asks the whole of Bleep for what it promises, and for nonsense."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.flows.conftest import Bleep

SECONDS = 90
SEED = 20261130
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
"""All but those that take 422 for a mistake: most generated alerts are for clinicians that do not exist."""
ST = Path(sys.executable).with_name("st")


@pytest.mark.proof
@pytest.mark.timeout(SECONDS * 2)
def test_every_answer_is_one_that_the_schema_promises(bleep: Bleep, tmp_path: Path) -> None:
    schema = tmp_path / "schema.yaml"
    schema.write_bytes(requests.get(f"{bleep.url}/schema", timeout=10).content)
    command = [str(ST), "run", str(schema), "--url", bleep.url, "--header", f"Authorization:{bleep.token}"]
    command += ["--seed", str(SEED), "--max-examples", "60", "--max-time", str(SECONDS), "--no-color"]
    command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--generation-database", "none"]
    command += ["--phases", "examples,coverage,fuzzing", "--rate-limit", "5000/s", "--warnings", "off"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-20_000:]
    assert int(re.findall(r"(\d+) (?:test cases )?generated", done.stdout)[0]) > 300, (
        "it asked for too little"
    )
