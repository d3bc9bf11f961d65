"""A stack that cannot be prepared leaves nothing behind."""

from pathlib import Path

import pytest

from bench import stack
from sandbox.services import ServiceError, redis


@pytest.mark.parametrize("user", [stack, redis])
def test_without_a_free_port_its_directory_is_removed(
    user: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none_is_free(*_: object, **__: object) -> int:
        raise ServiceError("No port is free.")

    monkeypatch.setattr(user, "free_port", none_is_free)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(ServiceError):
        stack.Stack()

    assert not list(tmp_path.iterdir())
