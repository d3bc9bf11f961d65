"""`python -m tests.faults.fork_server`: has Bleep loaded, and forks processes that run one action and die.

The tests need about two hundred such processes. Starting Python with Django, Celery and boto3 takes seconds; a fork
takes milliseconds and is just as real: its own process, with its own connections (the server opens none, so none is
shared), killed by the kernel.

It reads one order per line as JSON, and prints the exit code of the process that ran it. It also forks workers that
work until it is told to kill them: of these it prints the process id, and then the exit code.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import django
from django.core.management import execute_from_command_line

from config.database import Lock
from tests.faults.crash import Crash, arm
from tests.processes import ENTRY_POINT

CHILD_SECONDS = 30
"""A child that still runs after this is ended by its alarm."""
SHOW = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"
"""Stands in for Python, and prints the arguments that it gets."""
OF_WORKERS = ("celery.apps.worker", "celery.concurrency.thread", "celery.worker", "kombu.transport.redis")
"""What they load when they begin."""


def main() -> None:
    """Run orders until standard input ends."""
    django.setup()
    actions = _load()
    worker = _worker_command()
    # What is loaded stays: a child that collected garbage would copy all of it.
    gc.collect()
    gc.freeze()
    print("ready", flush=True)  # noqa: T201 - the other end reads it
    for line in sys.stdin:
        print(_carry_out(json.loads(line), actions, worker), flush=True)  # noqa: T201


def _worker_command() -> list[str]:
    """The arguments with which `deploy/entrypoint worker` runs Python."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "python"
        python.write_text(SHOW)
        python.chmod(0o700)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        shown = subprocess.check_output([ENTRY_POINT, "worker"], env={**os.environ, "PATH": path}, text=True)
    return shown.splitlines()


def _carry_out(order: dict[str, Any], actions: dict[str, Callable[..., object]], worker: list[str]) -> int:
    """Start a worker, or end one, or run an action to its end. Returns a process id or an exit code."""
    if "stop" in order:
        os.kill(order["stop"], signal.SIGKILL)
        return _exit_code(order["stop"])
    pid = os.fork()
    if not pid:
        _work(worker, order["worker"]) if "worker" in order else _run(order, actions)
    return pid if "worker" in order else _exit_code(pid)


def _exit_code(pid: int) -> int:
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _work(command: list[str], log: str) -> NoReturn:
    """Work until somebody kills this process. What it prints goes to the log."""
    try:
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(written, number)
        execute_from_command_line(command)
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
        traceback.print_exc()
    os._exit(1)


def _load() -> dict[str, Callable[..., object]]:
    """Load everything a child needs without opening a connection. Returns the actions a child can run."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415 - these need Django to be set up
    from django.urls import get_resolver  # noqa: PLC0415

    from alerts import responses  # noqa: PLC0415
    from alerts.channels import aws, queues  # noqa: PLC0415
    from alerts.escalation import steps  # noqa: PLC0415
    from alerts.relay.loop import Relay  # noqa: PLC0415
    from alerts.relay.queue_reader import QueueReader  # noqa: PLC0415
    from alerts.responses import sms_replies  # noqa: PLC0415
    from alerts.sending import outcomes, send  # noqa: PLC0415
    from alerts.states import Proof, ResponseKind  # noqa: PLC0415

    get_resolver().url_patterns  # noqa: B018 - loads the views
    for module in OF_WORKERS:
        importlib.import_module(module)
    # Loads the models of the services; each child makes its own clients.
    for service in ("sns", "connect", "sqs"):
        aws.client(service)
    # Nobody waits: not for a reply, and not for one that the dead had taken out of the queue.
    queues.WAIT_SECONDS = queues.HIDDEN_SECONDS = 0

    def post(body: dict[str, Any], token: str, path: str = "/notification") -> None:
        headers = {"Authorization": token, "Host": "127.0.0.1"}
        Client().post(path, body, content_type="application/json", headers=headers)

    def read_replies() -> None:
        looks = iter([False, True])
        url = settings.SMS_REPLY_QUEUE_URL
        QueueReader("replies", url, sms_replies.take, lock=Lock.SMS_REPLIES).run(lambda: next(looks))

    def answer(engagement: int, kind: str, evidence: str) -> None:
        said = responses.Answer(ResponseKind(kind), Proof.CALL_KEY, evidence)
        responses.respond(engagement, said)

    return {
        "answer": answer,
        "escalate": steps.take_up_due,
        "post": post,
        "read_replies": read_replies,
        "relay": lambda: Relay().tick(),
        "deliver": lambda delivery_id: send.deliver(uuid.UUID(delivery_id)),
        "ask": lambda delivery_id: outcomes.ask(uuid.UUID(delivery_id)),
    }


def _run(order: dict[str, Any], actions: dict[str, Callable[..., object]]) -> NoReturn:
    signal.alarm(CHILD_SECONDS)
    try:
        arm(Crash(**order["crash"]))
        actions[order["action"]](**order["arguments"])
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
