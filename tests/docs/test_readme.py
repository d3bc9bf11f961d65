"""README.md: short, with the two commands and the request that `make run` prints. Generated parts are up to date."""

import re
from pathlib import Path

import pytest

from sandbox.banner import banner
from sandbox.run_settings import Ports, RunSettings
from scripts.docs import PARTS, refreshed
from tests.docs.documents import read


@pytest.mark.parametrize("name", PARTS)
def test_a_generated_part_is_up_to_date(name: str) -> None:
    text = read(PARTS[name][0])

    assert text == refreshed(text, name), f"`make docs` writes {name}"


def test_the_request_is_the_one_that_make_run_prints() -> None:
    printed = banner(RunSettings(Path(".local"), Ports(8000), {}))
    request = re.search(r"^curl .*?'$", printed, re.MULTILINE | re.DOTALL)

    assert request
    assert '"contact_id":"C-1"' in request[0]
    assert f"```sh\n{request[0]}\n```" in read("README.md")


def test_the_two_commands_come_before_the_first_alert() -> None:
    text = read("README.md")

    assert -1 < text.find("\nmake run ") < text.find("\nmake test ") < text.find("\ncurl ")


def test_it_is_short() -> None:
    assert len(read("README.md").splitlines()) < 130
