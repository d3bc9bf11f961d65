"""Settings of the monitoring from outside: an invalid value is reported at the start."""

import runpy
from collections.abc import Callable

import pytest

from config import env
from tests.processes import ROOT

Read = Callable[..., str]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Runs the settings with some variables; the two settings, and the names of invalid variables."""

    def run(**variables: str) -> str:
        problems: list[env.InvalidVariable] = []
        monkeypatch.setattr(env, "problems", problems)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings = runpy.run_path(str(ROOT / "config" / "settings.py"))
        return repr((settings["DEADMAN_URL"], settings["METRICS_TOKEN"], [each.name for each in problems]))

    return run


def test_valid_values_are_used(read: Read) -> None:
    url, token = "https://switch.example/ping?id=1", "0123456789abcdef"

    assert read(DEADMAN_URL=url, METRICS_TOKEN=token) == repr((url, token, []))


@pytest.mark.parametrize(
    "url",
    ["switch.example/ping", "ftp://switch.example/ping", "file:///etc/passwd", "https://", "https://a b"],
)
def test_an_address_that_is_not_http_is_a_problem(read: Read, url: str) -> None:
    assert read(DEADMAN_URL=url) == repr(("", "", ["DEADMAN_URL"]))


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "sixteen letters and a space"])
def test_a_short_or_malformed_token_is_a_problem(read: Read, token: str) -> None:
    assert read(METRICS_TOKEN=token) == repr(("", "", ["METRICS_TOKEN"]))
