"""The programs on the page of a new token: they do what they say, as far as their language is here."""

import json
import os
import re
import subprocess
import sys

import pytest
from pytest_django.live_server_helper import LiveServer

from alerts.models import Alert
from clients import sample, snippets, tokens
from clients.models import Access, ApiClient
from contacts.models import Clinician

RUN = {"curl": ["sh", "-c"], "Python": [sys.executable, "-c"]}
"""Nothing here runs PowerShell or C#."""
LANGUAGES = ["curl", "PowerShell", "Python", "C#"]


def run(snippet: snippets.Snippet) -> str:
    """What it prints."""
    made = subprocess.run(
        [*RUN[snippet.language], snippet.code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "no_proxy": "127.0.0.1,localhost"},
        check=True,
    )
    return made.stdout


def test_they_send_an_alert_each(live_server: LiveServer, lab: ApiClient, clinician: Clinician) -> None:
    made = snippets.sending(f"{live_server.url}/notification", tokens.issue(client=lab)[1])

    said = [run(each) for each in made if each.language in RUN]

    assert all("202" in each and '"status":"queued"' in each for each in said), said
    assert Alert.objects.filter(client=lab, contact_id="C-1").count() == len(RUN)


def test_they_print_what_is_wrong(live_server: LiveServer, lab: ApiClient) -> None:
    made = snippets.sending(f"{live_server.url}/notification", tokens.issue(client=lab)[1])

    said = [run(each) for each in made if each.language in RUN]

    assert all("422" in each and "There is no clinician with this contact_id." in each for each in said), said


def test_they_list_alerts_with_a_token_that_may_only_read(live_server: LiveServer, lab: ApiClient) -> None:
    secret = tokens.issue(client=lab, access=Access.READ)[1]

    said = [
        run(each)
        for each in snippets.listing(f"{live_server.url}/notification", secret)
        if each.language in RUN
    ]

    assert all("200" in each and '"results":[]' in each for each in said), said


@pytest.mark.parametrize("number", range(4), ids=LANGUAGES)
def test_each_has_address_token_and_all_fields(number: int) -> None:
    snippet = snippets.sending("https://bleep.example/notification", "SECRET")[number]

    assert snippet.language == LANGUAGES[number]
    assert "https://bleep.example/notification" in snippet.code
    assert "Bearer SECRET" in snippet.code
    for name, value in {**sample.ALERT, "message_id": "test-"}.items():
        assert name in snippet.code
        assert value in snippet.code
    for opening, closing in ("()", "{}", "[]"):
        assert snippet.code.count(opening) == snippet.code.count(closing)


def test_no_message_id_comes_twice() -> None:
    made = [snippets.sending("https://bleep.example/notification", "SECRET") for _ in range(3)]

    found = re.findall(r"test-[0-9a-f]{12}", json.dumps(made))
    assert len(found) == len(set(found)) == 12
