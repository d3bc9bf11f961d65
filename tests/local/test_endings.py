"""What a run that ended by itself says."""

import shutil
from pathlib import Path

import pytest

from sandbox import endings


@pytest.mark.parametrize(("free", "is_full"), [(endings.FULL_BYTES - 1, True), (endings.FULL_BYTES, False)])
def test_a_server_that_ends_on_a_full_disk_is_not_to_blame(
    free: int, is_full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(free, 0, free))

    said = endings.of_server("PostgreSQL", tmp_path / "postgres.log")

    assert ("is full. Make room there" in said) is is_full
    assert ("look for the reason in" in said) is not is_full
