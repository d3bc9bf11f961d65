"""`/readyz`, which costs the database a write."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from door.app import READY_SECONDS
from tests.door.conftest import Door


def test_many_requests_for_readiness_ask_the_service_once(door: Door) -> None:
    time.sleep(READY_SECONDS)  # an answer of another test is old then
    door.service.seconds, door.service.status = 0.3, 503
    with ThreadPoolExecutor(20) as pool:
        methods = ["GET", "HEAD", "POST", "GET"] * 5
        answers = list(
            pool.map(lambda method: requests.request(method, f"{door.url}/readyz", timeout=5), methods)
        )

    assert {answer.status_code for answer in answers} == {503}
    assert {len(answer.content) > 0 for answer in answers if answer.request.method != "HEAD"} == {True}
    assert [arrived["path"] for arrived in door.service.requests] == ["/readyz"]
