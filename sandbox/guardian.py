"""`python -m sandbox.guardian DATA`: ends a run whose own process was killed, so that nothing goes on taking alerts.

It reads standard input. The run holds the other end of that pipe and never writes to it, so the pipe ends when the run
does, however it ends. Not every system has a signal for a parent's death; a pipe works everywhere.
"""

import sys
from pathlib import Path

from sandbox.processes import kill, marked
from sandbox.services import EmbeddedPostgres, EmbeddedRedis


def end_leftovers(data: Path) -> None:
    """Kill the processes of a run on this data that no longer exists."""
    kill(marked(data))
    EmbeddedPostgres(data).kill()
    EmbeddedRedis(data).kill()


def main(data: Path) -> None:
    """Wait for the end of the run."""
    sys.stdin.read()
    end_leftovers(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
