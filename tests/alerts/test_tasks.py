"""Celery carries ids and nothing else: there is one layer of retries, and it is in the ledger."""

import ast
import base64
import inspect
import json
import os
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Task
from django.db import connection
from django.db.models.functions import Now

from alerts import tasks
from alerts.models import Delivery
from alerts.relay.publishing import Publisher
from alerts.sending import send
from alerts.states import DeliveryState
from config.celery import QUEUES, app
from contacts.choices import Priority
from tests.alerts.conftest import Store, closed_port
from tests.aws import Aws
from tests.processes import ROOT

ROOMS = ("alerts", "clients", "config", "contacts", "deploy", "staff")
DELAYS = {
    "countdown",
    "eta",
    "autoretry_for",
    "retry_backoff",
    "retry_jitter",
    "retry_kwargs",
    "default_retry_delay",
}
CALLS = {
    "retry",
    "delay",
    "delay_on_commit",
    "apply_async_on_commit",
    "send_task",
    "signature",
    "chord",
    "chain",
}
"""Ways of Celery to run something later, or again, or past the relay."""


def ours() -> list[Task[Any, Any]]:
    """Bleep's own tasks."""
    return [task for name, task in app.tasks.items() if name.startswith("alerts.")]


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product, by its path."""
    found = {}
    for room in ROOMS:
        for directory, below, files in os.walk(ROOT / room):
            # deploy/aws has an environment of its own, of ten thousand files.
            below[:] = [each for each in below if each != ".venv"]
            for path in (Path(directory, each) for each in files if each.endswith(".py")):
                found[str(path.relative_to(ROOT))] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def later_or_again(tree: ast.AST) -> list[str]:
    """Where a module asks Celery to run something later or again."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in DELAYS:
            found.append(f"{node.value.lineno}: {node.arg}=")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            found.append(f"{node.lineno}: {node.func.attr}()")
    return found


@pytest.mark.parametrize(
    "source",
    [
        "task.apply_async((pk,), countdown=5)",
        "task.apply_async((pk,), eta=then)",
        "self.retry(exc=error)",
        "deliver.delay(pk)",
        "@shared_task(autoretry_for=(OSError,))\ndef deliver(): ...",
    ],
)
def test_the_search_finds_each_source(source: str) -> None:
    assert later_or_again(ast.parse(source))


def test_nothing_asks_celery_to_run_it_later_or_again() -> None:
    looked_at = modules()

    assert {"alerts/tasks.py", "alerts/relay/publishing.py", "config/celery.py"} <= set(looked_at)
    assert {name: found for name, tree in looked_at.items() if (found := later_or_again(tree))} == {}


def test_there_are_two_tasks_that_take_ids_and_cannot_ask_for_themselves_again() -> None:
    assert {task.name for task in ours()} == {"alerts.tasks.deliver", "alerts.tasks.ask_outcome"}
    for task in ours():
        assert list(inspect.signature(task.run).parameters) == ["delivery_ids"], "no `self`: it is not bound"
        assert not hasattr(task, "autoretry_for")


@pytest.mark.parametrize("task", [tasks.deliver, tasks.ask_outcome], ids=lambda task: task.name)
@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_in_the_broker_has_no_time_and_no_retry(
    broker: "redis.Redis", task: Any, queue: str
) -> None:
    delivery_id = uuid.uuid4()

    assert Publisher().publish(task, queue, [delivery_id]) == []

    message: Any = json.loads(broker.lindex(queue, 0))  # type: ignore[arg-type]
    args, kwargs, embed = json.loads(base64.b64decode(message["body"]))
    assert (args, kwargs) == ([str(delivery_id)], {})
    headers = message["headers"]
    assert (headers["eta"], headers["expires"], headers["retries"]) == (None, None, 0)
    assert not any(embed.values())
    assert broker.llen("unacked") == 0


def test_several_go_in_one_task_and_all_in_one_trip(broker: "redis.Redis") -> None:
    ids = [uuid.uuid4() for _ in range(5)]

    assert Publisher().publish(tasks.deliver, "low", ids, at_most=2) == []

    messages: Any = [json.loads(each) for each in reversed(broker.lrange("low", 0, -1))]
    args = [json.loads(base64.b64decode(each["body"]))[0] for each in messages]
    assert args == [[str(each) for each in ids[start : start + 2]] for start in (0, 2, 4)]
    assert [each["headers"]["id"] for each in messages] == [str(ids[start]) for start in (0, 2, 4)]


def test_an_error_in_one_delivery_does_not_stop_the_others_of_its_task(
    transactional_db: None, store: Store, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    last = store(Priority.MEDIUM)

    tasks.deliver("no id", str(uuid.uuid4()), str(last.pk))

    assert Delivery.objects.get(pk=last.pk).state == DeliveryState.SENT
    errors: list[Any] = [record.msg for record in caplog.records if record.levelname == "ERROR"]
    assert [each["event"] for each in errors] == ["worker.task_failed"]


def test_a_database_that_is_away_is_said_once_and_not_for_each_delivery(
    transactional_db: None,
    store: Store,
    aws: Aws,
    outages: Callable[[], list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.OUTAGE, "settled", 0.0)
    ids = [str(store(Priority.MEDIUM).pk) for _ in range(2)]
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "PORT", str(closed_port()))
        connection.close()
        tasks.deliver(*ids)
        tasks.ask_outcome(*ids)
    tasks.deliver(*ids)

    lines = [(line["event"], line.get("failures")) for line in outages()]
    assert lines == [("worker.database_away", None), ("worker.database_back", 4)]
    assert {each.state for each in Delivery.objects.all()} == {DeliveryState.SENT}


def test_a_worker_that_is_to_stop_leaves_the_rest_of_a_task_to_others(
    transactional_db: None, store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_stopping", False)
    first, second = (store(Priority.MEDIUM, handed_over_at=Now()) for _ in range(2))
    deliver = send.deliver

    def send_and_be_told_to_stop(delivery_id: uuid.UUID) -> None:
        deliver(delivery_id)
        tasks.note_end()

    monkeypatch.setattr(send, "deliver", send_and_be_told_to_stop)
    tasks.deliver(str(first.pk), str(second.pk))

    assert Delivery.objects.get(pk=first.pk).state == DeliveryState.SENT
    left = Delivery.objects.get(pk=second.pk)
    assert (left.state, left.handed_over_at) == (DeliveryState.PENDING, None)


def test_no_module_but_the_relays_publisher_puts_anything_into_a_queue() -> None:
    publishing = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "apply_async"
    }

    assert publishing == {str(Path("alerts/relay/publishing.py"))}
