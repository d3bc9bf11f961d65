"""`python -m tests.faults.nursery`: a process that has Bleep loaded and makes others, which do one thing and die.

There are some two hundred deaths in the matrix, and to start Python with Django, Celery and boto3 takes seconds on a
slow machine. A fork of a process that has them loaded takes milliseconds, and it is as real: a process of its own,
with connections of its own (the nursery opens none, so that none is shared), which the kernel ends.

One order a line comes in as JSON, and the exit code of the process that carried it out goes out.
"""

import json
import os
import signal
import sys
import traceback
import uuid
from collections.abc import Callable
from typing import Any, NoReturn

import django

from tests.faults.crash import Crash, arm

CHILD_SECONDS = 30
"""A child that neither dies nor ends by then is ended by its alarm."""


def main() -> None:
    """Carry orders out until standard input ends."""
    django.setup()
    deeds = _load()
    print("ready", flush=True)  # noqa: T201 - the other end reads it
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _live(json.loads(line), deeds)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _load() -> dict[str, Callable[..., object]]:
    """Load all that a child needs, without opening a connection; what a child can be told to do."""
    from django.test import Client  # noqa: PLC0415 - these need Django to be set up
    from django.urls import get_resolver  # noqa: PLC0415

    from alerts.channels import aws  # noqa: PLC0415
    from alerts.relay.loop import Relay  # noqa: PLC0415
    from alerts.sending import outcomes, send  # noqa: PLC0415

    get_resolver().url_patterns  # noqa: B018 - loads the views
    # Loads the models of the services; the clients themselves are made anew after a fork.
    aws.client("sns")
    aws.client("connect")

    def post(body: dict[str, Any], token: str) -> None:
        headers = {"Authorization": token}
        Client().post("/notification", body, content_type="application/json", headers=headers)

    return {
        "post": post,
        "relay": lambda: Relay().tick(),
        "deliver": lambda delivery_id: send.deliver(uuid.UUID(delivery_id)),
        "ask": lambda delivery_id: outcomes.ask(uuid.UUID(delivery_id)),
    }


def _live(order: dict[str, Any], deeds: dict[str, Callable[..., object]]) -> NoReturn:
    signal.alarm(CHILD_SECONDS)
    try:
        arm(Crash(**order["crash"]))
        deeds[order["deed"]](**order["told"])
    except BaseException:  # noqa: BLE001 - the child must end here, whatever it met
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
