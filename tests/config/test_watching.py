"""Settings of the monitoring from outside: an invalid value is reported at the start."""

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

SHOW = (
    "import django; django.setup(); from django.conf import settings; from config import env; "
    "print(repr((settings.DEADMAN_URL, settings.METRICS_TOKEN, [p.name for p in env.problems])))"
)


def read(**variables: str) -> str:
    """The two settings and the problems, in a process with these variables."""
    env = {**os.environ, **variables, "DJANGO_SETTINGS_MODULE": "config.settings"}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return shown.stdout.strip()


def test_valid_values_are_used() -> None:
    url, token = "https://switch.example/ping?id=1", "0123456789abcdef"

    assert read(DEADMAN_URL=url, METRICS_TOKEN=token) == repr((url, token, []))


@pytest.mark.parametrize(
    "url",
    ["switch.example/ping", "ftp://switch.example/ping", "file:///etc/passwd", "https://", "https://a b"],
)
def test_an_address_that_is_not_http_is_a_problem(url: str) -> None:
    assert read(DEADMAN_URL=url) == repr(("", "", ["DEADMAN_URL"]))


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "sixteen letters and a space"])
def test_a_short_or_malformed_token_is_a_problem(token: str) -> None:
    assert read(METRICS_TOKEN=token) == repr(("", "", ["METRICS_TOKEN"]))
