"""`python -m sandbox.guardian DATA`: ends a run whose own process was killed, so that nothing goes on taking alerts.

It reads standard input, the other end of which the run holds and never writes to: it ends when the run does, however
that happens. No signal at the parent's death exists on all systems; a pipe does.
"""

import sys
from pathlib import Path

from sandbox.processes import kill, marked
from sandbox.services import EmbeddedPostgres, EmbeddedRedis


def end_leftovers(data: Path) -> None:
    """Kill what runs on this data, of a run that no longer exists."""
    kill(marked(data))
    EmbeddedPostgres(data).kill()
    EmbeddedRedis(data).kill()


def main(data: Path) -> None:
    """Wait for the end of the run."""
    sys.stdin.read()
    end_leftovers(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
