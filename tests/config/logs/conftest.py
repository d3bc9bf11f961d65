"""The log of a test."""

import io
import logging
from collections.abc import Iterator

import pytest

from tests.config.logs.output import LogOutput


@pytest.fixture
def log() -> Iterator[LogOutput]:
    root = logging.getLogger()
    (formatter,) = {handler.formatter for handler in root.handlers if type(handler) is logging.StreamHandler}
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    yield LogOutput(stream)
    root.removeHandler(handler)
