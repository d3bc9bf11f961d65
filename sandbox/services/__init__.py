"""Real PostgreSQL and Redis from Python wheels, for `make run` and the tests.

Each server keeps its data, log and socket in a directory that the caller names, and can be stopped, killed and started
again under the same URL. A start first stops what a killed parent has left running on that directory.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.services.ports import free_port
from sandbox.services.postgres import EmbeddedPostgres
from sandbox.services.redis import EmbeddedRedis
from sandbox.services.server import ServiceError

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "ServiceError",
    "Services",
    "embedded",
    "exclusive",
    "free_port",
]


@dataclass(frozen=True)
class Services:
    """Both services, running. Tests stop and start the servers."""

    postgres: EmbeddedPostgres
    redis: EmbeddedRedis

    @property
    def database_url(self) -> str:
        """For `DATABASE_URL` and libpq."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """For `REDIS_URL`."""
        return self.redis.url


@contextlib.contextmanager
def embedded(data_dir: Path) -> Iterator[Services]:
    """Run both services on `data_dir`, which is made if missing, until the block ends.

    Raises ServiceError if one does not start or `data_dir` is in use.
    """
    services = Services(EmbeddedPostgres(data_dir), EmbeddedRedis(data_dir))
    with exclusive(data_dir):
        try:
            services.postgres.start()
            services.redis.start()
            yield services
        finally:
            services.redis.stop()
            services.postgres.stop()


@contextlib.contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Lock `data_dir` for this process. The kernel releases the lock when the process ends, however it ends.

    Raises ServiceError if another process holds it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(f"{data_dir} is in use by another process: stop that one first.") from None
        yield
