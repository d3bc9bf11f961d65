"""Forty connections with the same alert, over real HTTP."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import an_alert
from tests.flows.conftest import Bleep

CONNECTIONS = 40


def test_forty_at_once_make_one_alert_one_message_and_39_replays(bleep: Bleep) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = list(pool.map(lambda _: bleep.post(an_alert(priority="M")), range(CONNECTIONS)))

    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: CONNECTIONS - 1}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == CONNECTIONS - 1
    bleep.wait_for("123", "sent")
    bleep.post(an_alert(message_id="after", priority="M"), Prefer="wait=20")
    assert len(bleep.aws.messages()) == 2
