"""The machine, the versions and the commit of a run."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import redis

from bench.stack import Stack

LIBRARIES = ("Django", "djangorestframework", "celery", "kombu", "psycopg", "redis", "boto3", "granian")
CPUINFO = Path("/proc/cpuinfo")
ROOT = Path(__file__).resolve().parents[2]


def taken(stack: Stack, *, load_before: float) -> dict[str, Any]:
    """Where, when and with which versions. `load_before` is the machine's load before the run."""
    [(postgres,)] = stack.rows("SHOW server_version")
    with redis.Redis.from_url(stack.redis.url) as client:
        of_redis: Any = client.info("server")
    return {
        "on": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": _commit(),
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(load_before, 2),
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": postgres,
            "Redis": of_redis["redis_version"],
            **{name: version(name) for name in LIBRARIES},
        },
    }


def _processor() -> str:
    """The name of the processor, if the system tells it."""
    lines = CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """The commit, with a `+` if files differ from it; empty outside a repository."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()
