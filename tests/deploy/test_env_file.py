"""The settings that a deployment writes: `python -m deploy.aws.env_file`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import VARIABLES
from deploy.aws.env_file import EXAMPLE, output_name, variable_name

OUTPUTS = {
    "BleepMessaging": {"ConnectInstanceId": "i-1", "SmsPerSecond": "20", "AwsDefaultRegion": "eu-west-1"}
}


def write(folder: Path, outputs: object) -> subprocess.CompletedProcess[str]:
    (folder / "outputs.json").write_text(json.dumps(outputs))
    command = [
        sys.executable,
        "-m",
        "deploy.aws.env_file",
        str(folder / "outputs.json"),
        str(folder / "bleep.env"),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("variable", [*VARIABLES, "AWS_DEFAULT_REGION"])
def test_every_variable_has_a_name_as_an_output_and_back(variable: str) -> None:
    assert output_name(variable).isalnum()
    assert variable_name(output_name(variable)) == variable


def test_a_new_file_is_the_example_with_the_values(tmp_path: Path) -> None:
    assert write(tmp_path, OUTPUTS).returncode == 0
    lines = (tmp_path / "bleep.env").read_text().splitlines()
    example = EXAMPLE.read_text().splitlines()
    assert "CONNECT_INSTANCE_ID=" in example
    changed = [
        {"CONNECT_INSTANCE_ID=": "CONNECT_INSTANCE_ID=i-1"}.get(line, line).replace("eu-west-2", "eu-west-1")
        for line in example
    ]
    assert lines == [*changed, "SMS_PER_SECOND=20"]


def test_other_lines_of_a_file_stay_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bleep.env"
    file.write_text("# ours\nALLOWED_HOSTS=bleep.hospital.example\nSMS_PER_SECOND=5\n")
    write(tmp_path, OUTPUTS)
    first = file.read_text()
    assert first.startswith("# ours\nALLOWED_HOSTS=bleep.hospital.example\nSMS_PER_SECOND=20\n")
    write(tmp_path, OUTPUTS)
    assert file.read_text() == first


def test_without_a_deployment_it_says_what_to_do(tmp_path: Path) -> None:
    refused = write(tmp_path, {})
    assert refused.returncode == 1
    assert "run `make aws-deploy` first" in refused.stderr
    assert not (tmp_path / "bleep.env").exists()
