"""More requests than threads: the urgent go first, and nobody waits for long."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import psutil
import pytest
import requests

from door import admission
from door.admission import Admission, Urgency
from door.errors import Busy
from tests.door.conftest import THREADS, Door
from tests.processes import wait_until


def post(door: Door, priority: str) -> tuple[str, int, float, str]:
    """Priority, status, seconds, Retry-After."""
    started = time.monotonic()
    answer = requests.post(
        f"{door.url}/notification", data=json.dumps({"priority": priority}).encode(), timeout=20
    )
    took = time.monotonic() - started
    return priority, answer.status_code, took, answer.headers.get("Retry-After", "")


def wait_until_sent(door: Door, count: int) -> None:
    """So many requests were sent to the door, which has had a moment to read them."""
    mine = psutil.Process()

    def connected() -> int:
        return sum(bool(each.raddr) and each.raddr.port == door.port for each in mine.net_connections("tcp"))

    wait_until(lambda: connected() >= count, what=f"{count} requests are sent")
    time.sleep(0.1)


def test_of_those_that_wait_high_goes_first(door: Door) -> None:
    door.service.seconds = 0.1
    door.service.gate.clear()
    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(post, door, "L") for _ in range(THREADS)]
        wait_until(lambda: len(door.service.requests) == THREADS, what="all threads work")
        low = [pool.submit(post, door, "L") for _ in range(4)]
        wait_until_sent(door, THREADS + 4)
        high = [pool.submit(post, door, "H") for _ in range(2)]
        wait_until_sent(door, THREADS + 6)
        door.service.gate.set()
        wait([*running, *low, *high])

    order = [json.loads(request["body"])["priority"] for request in door.service.requests]
    assert order[: THREADS + 2] == ["L", "L", "H", "H"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
def test_a_request_with_a_known_token_goes_before_strangers(door: Door, status: int) -> None:
    """A token is known by a 2xx alone: a wrong Host is answered with 400 before anybody looks at the token."""

    def send(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        body = json.dumps({"priority": "H", "from": token}).encode()
        return requests.post(f"{door.url}/notification", data=body, headers=headers, timeout=20).status_code

    door.service.status = status
    assert send(f"stranger-{status}") == status
    door.service.status, door.service.seconds = 202, 0.1
    door.service.requests.clear()
    door.service.gate.clear()

    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(send, "stranger-0") for _ in range(THREADS)]
        wait_until(lambda: len(door.service.requests) == THREADS, what="all threads work")
        strangers = [pool.submit(send, f"stranger-{status}") for _ in range(4)]
        wait_until_sent(door, THREADS + 4)
        known = [pool.submit(send, "known") for _ in range(2)]
        wait_until_sent(door, THREADS + 6)
        door.service.gate.set()
        wait([*running, *strangers, *known])

    order = [json.loads(request["body"])["from"] for request in door.service.requests]
    assert order[THREADS : THREADS + 2] == ["known", "known"]


def test_of_a_hundred_at_once_each_gets_an_answer_in_a_second_or_two(door: Door) -> None:
    door.service.seconds = 0.1
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: post(door, "L"), range(100)))

    taken = [each for each in answers if each[1] == 202]
    refused = [each for each in answers if each[1] == 503]
    assert len(taken) + len(refused) == 100
    assert len(taken) >= 10, "as many as can be answered in that time"
    assert refused
    assert {after for *_, after in refused} == {"2"}
    assert len(door.service.requests) == len(taken), "nothing was begun for those that were refused"
    assert max(seconds for *_, seconds, _ in answers) < 6


def test_a_client_that_left_costs_nothing(door: Door) -> None:
    door.service.seconds = 0.5
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(post, door, "H") for _ in range(THREADS)]
        wait_until(lambda: len(door.service.requests) == THREADS, what="all threads work")
        body = b'{"priority": "H", "left": true}'
        gone = door.connect(
            b"POST /notification HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        time.sleep(0.1)
        gone.close()
        wait(running)

    assert post(door, "L")[1] == 202
    assert all(b"left" not in request["body"] for request in door.service.requests)


class Clock:
    """The time of the door's queue."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """As of the module `time`."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that goes when the test says so."""
    made = Clock()
    monkeypatch.setattr(admission, "time", made)
    return made


def enter(queue: Admission, count: int) -> None:
    """Some requests come at once."""
    for _ in range(count):
        queue.enter(lambda: Urgency.LOW)


def answered(queue: Admission, clock: Clock, *, each: float, count: int = 1) -> None:
    """Some requests have their answers, one after the other."""
    for _ in range(count):
        clock.now += each
        queue.leave()


def test_a_rest_before_a_burst_is_not_taken_for_slowness(clock: Clock) -> None:
    """The first ten have their answers right after nothing happened for five seconds; the last ten come meanwhile."""

    async def burst() -> None:
        queue = Admission(THREADS)
        enter(queue, THREADS + 1)
        answered(queue, clock, each=0.03, count=THREADS + 1)
        clock.now += 5
        enter(queue, 10)
        answered(queue, clock, each=0.03)
        enter(queue, 10)

    asyncio.run(burst())


def test_the_door_answers_for_itself_while_all_threads_work(door: Door) -> None:
    door.service.gate.clear()
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(post, door, "L") for _ in range(THREADS)]
        wait_until(lambda: len(door.service.requests) == THREADS, what="all threads work")

        assert requests.get(f"{door.url}/healthz", timeout=10).status_code == 200
        assert not any(each.done() for each in running)
        door.service.gate.set()


def test_staff_s_slow_requests_hold_up_no_alert(door: Door) -> None:
    """Passwords that are checked, a file that is imported: they have a service of their own, and take no turn here."""
    door.service.slow_path = "/admin/"
    door.service.gate.clear()
    with ThreadPoolExecutor(32) as pool:
        slow = [
            pool.submit(requests.post, f"{door.url}/admin/login/", data=b"{}", timeout=30) for _ in range(32)
        ]
        wait_until(lambda: len(door.service.requests) == 32, what="all logins are under way")

        assert [post(door, "L")[1] for _ in range(5)] == [202] * 5
        assert not any(each.done() for each in slow)
        door.service.gate.set()


def test_an_alert_whose_connection_ends_is_passed_on_again(door: Door) -> None:
    """A service is being replaced. The message_id makes it harmless."""
    ends = iter([True, False])
    door.service.ended = lambda: next(ends)

    assert post(door, "H")[1] == 202
    assert len(door.service.requests) == 2


def test_a_service_that_does_not_answer_is_a_503_and_staff_are_not_repeated(
    door: Door, log_dir: Path
) -> None:
    door.service.ended = lambda: True

    assert post(door, "H")[1:2] == (503,)
    assert len(door.service.requests) == 2
    answer = requests.post(f"{door.url}/admin/contacts/clinician/add/", data={"name": "A"}, timeout=5)
    assert answer.status_code == 503
    assert len(door.service.requests) == 3
    lines = [json.loads(line) for line in (log_dir / "door-alone.log").read_text().splitlines()]
    events = [line["event"] for line in lines if line["logger"] == "door.upstream.pool"]
    for service in ("web-api", "web-admin"):
        assert any(event.startswith(f"door.unavailable: {service}: ServerDisconnected") for event in events)


def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(door: Door) -> None:
    door.service.missing = 10

    assert post(door, "H")[1:2] == (503,)
    with pytest.raises(requests.RequestException):
        requests.post(f"{door.url}/admin/", data=b"x", timeout=5)
    assert len(door.service.requests) == 2


def test_healthz_says_what_was_refused(door: Door) -> None:
    door.service.status = 503
    requests.post(f"{door.url}/notification", data=b"{}", timeout=5)
    requests.post(f"{door.url}/admin/login/", data=b"{}", timeout=5)
    requests.get(f"{door.url}/notification", timeout=5)

    shown = requests.get(f"{door.url}/healthz", timeout=5).json()

    assert shown["status"] == "ok"
    assert shown["refused"]["detail"] == "The answer was not a problem document."


def refused(door: Door) -> int:
    """How many alerts were refused lately, as `/healthz` says."""
    shown = requests.get(f"{door.url}/healthz", timeout=5).json()
    return int(shown.get("refused", {"requests": 0})["requests"])


def test_healthz_counts_the_alerts_of_known_senders_alone(door: Door) -> None:
    def send(path: str, token: str) -> None:
        requests.post(f"{door.url}{path}", data=b"{}", headers={"Authorization": token}, timeout=5)

    send("/notification", "known")
    before = refused(door)
    door.service.status = 503

    send("/notification", "unknown")
    send("/admin/login/", "known")
    send("/notification/1", "known")
    assert refused(door) == before
    send("/notification", "known")
    assert refused(door) == before + 1


def test_healthz_counts_an_alert_whose_token_was_accepted_while_it_waited(door: Door) -> None:
    def send(token: str) -> int:
        return requests.post(
            f"{door.url}/notification", data=b"{}", headers={"Authorization": token}, timeout=20
        ).status_code

    send("known")
    before, first = refused(door), door.service.gate
    first.clear()
    door.service.requests.clear()
    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(send, "new") for _ in range(THREADS)]
        wait_until(lambda: len(door.service.requests) == THREADS, what="all threads work")
        last = pool.submit(send, "new")
        wait_until_sent(door, THREADS + 1)
        following = [pool.submit(send, "known") for _ in range(THREADS)]
        wait_until_sent(door, 2 * THREADS + 1)
        door.service.gate = threading.Event()
        first.set()
        assert {each.result() for each in running} == {202}, "now the token is known"
        assert last.result() == 503, "those that were known before it have kept the threads"
        door.service.gate.set()
        wait(following)

    assert refused(door) == before + 1


def test_an_api_that_hung_is_not_taken_for_slow_for_ever(clock: Clock) -> None:
    async def burst_after(rest: float) -> None:
        queue = Admission(THREADS)
        enter(queue, THREADS + 2)
        answered(queue, clock, each=4.0)
        answered(queue, clock, each=0.0, count=THREADS + 1)
        clock.now += rest
        enter(queue, 20)

    with pytest.raises(Busy):
        asyncio.run(burst_after(0.0))
    asyncio.run(burst_after(admission.MAX_SECONDS + 0.1))
