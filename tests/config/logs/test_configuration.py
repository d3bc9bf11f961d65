"""Other libraries' lines in the log."""

import json
import logging

from tests.config.logs.output import LogOutput
from tests.config.server import run


def test_other_libraries_ordinary_lines_are_kept(log: LogOutput) -> None:
    logging.getLogger("some.library").warning("%s of %d", "two", 3)

    assert log.of("two of 3")["logger"] == "some.library"


def test_a_warning_of_python_is_a_line_like_any_other() -> None:
    done = run("-c", "import django, warnings; django.setup(); warnings.warn('careful')")

    assert json.loads(done.stderr)["logger"] == "py.warnings"


def test_debugging_does_not_make_django_say_things_twice() -> None:
    code = "import django, logging; django.setup(); logging.getLogger('django.x').warning('said')"

    done = run("-c", code, DEBUG="true")

    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["said"]


def test_debugging_does_not_make_the_libraries_print_what_they_send() -> None:
    code = (
        "import django, logging; django.setup();"
        "[logging.getLogger(name).debug('whole request') for name in "
        "('boto3', 'botocore.endpoint', 'urllib3.connectionpool', 'django.db.backends')];"
        "logging.getLogger('django.server').info('GET /notification/1'); logging.getLogger('x').debug('said')"
    )

    done = run("-c", code, LOG_LEVEL="DEBUG")

    assert [json.loads(line)["event"] for line in done.stderr.splitlines()][-1] == "said"
    assert "whole request" not in done.stderr
    assert "/notification/1" not in done.stderr
