"""A PostgreSQL in which Bleep is migrated, for the stacks of the benchmarks to copy."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.stack import CLUSTER
from sandbox.services import EmbeddedPostgres
from tests.processes import ROOT


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Migrated once for all stacks of the module. `bench.stack` copies it."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("cluster"), settings={"fsync": "off"})
    postgres.start()
    try:
        env = {**os.environ, "DATABASE_URL": postgres.url}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "-v0"], cwd=ROOT, env=env, check=True
        )
    finally:
        postgres.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CLUSTER, str(postgres.directory))
        yield
