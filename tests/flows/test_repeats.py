"""Forty connections with the same alert, over real HTTP."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.factories import an_alert
from tests.flows.conftest import Bleep

CONNECTIONS = 40


def answered(bleep: Bleep) -> requests.Response:
    """Send again while Bleep is too busy, as senders do."""
    answer = bleep.post(an_alert(priority="M"))
    for _ in range(20):
        if answer.status_code != 503:
            break
        time.sleep(0.5)
        answer = bleep.post(an_alert(priority="M"))
    return answer


def test_forty_at_once_make_one_alert_one_message_and_39_replays(bleep: Bleep) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = list(pool.map(lambda _: answered(bleep), range(CONNECTIONS)))

    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: CONNECTIONS - 1}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == CONNECTIONS - 1
    bleep.wait_for("123", "sent")
    bleep.post(an_alert(message_id="after", priority="M"), Prefer="wait=20")
    assert len(bleep.aws.messages()) == 2
