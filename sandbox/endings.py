"""Why a run ended by itself, and what to do: the text that it leaves on the terminal."""

import shutil
from collections.abc import Collection
from pathlib import Path

from sandbox.output import PATIENCE_SECONDS
from sandbox.processes import Child
from sandbox.run_settings import RunSettings, log_of, shown

FULL_BYTES = 32 * 1024 * 1024
"""With less free space PostgreSQL may be unable to begin another file of its write-ahead log, which has 16 MB."""


def of_part(child: Child, settings: RunSettings) -> str:
    """A part that ended although it should go on."""
    return (
        f"{_last_lines(child)}{child.name} ended by itself ({_how(child)}), so everything was stopped. Start again "
        f"with `make run`; if it happens again, look for the reason in {shown(log_of(settings.data))}."
    )


def of_preparation(child: Child, settings: RunSettings) -> str:
    """A step before the start, which failed."""
    hint = (
        f"If {shown(settings.data)} is of another version of Bleep, `make reset` deletes it."
        if settings.embeds("DATABASE_URL")
        else "Check DATABASE_URL and the database that it names."
    )
    return (
        f"{_last_lines(child)}{child.name} failed ({_how(child)}), so everything was stopped. {hint} "
        f"All output is in {shown(log_of(settings.data))}."
    )


def of_server(title: str, log: Path) -> str:
    """PostgreSQL or Redis, which have their own logs."""
    if shutil.disk_usage(log.parent).free < FULL_BYTES:
        return (
            f"{title} ended by itself, so everything was stopped: the disk that has {shown(log.parent)} is full. Make "
            "room there, then start again with `make run`. What was stored is still there."
        )
    return (
        f"{title} ended by itself, so everything was stopped. Start again with `make run`; if it happens again, look "
        f"for the reason in {shown(log)}."
    )


def of_late(names: Collection[str], seconds: float, settings: RunSettings) -> str:
    """Parts that run, but did not become ready."""
    return (
        f"Not ready after {seconds:.0f} s: {', '.join(names)}. Look for the reason in {shown(log_of(settings.data))}; "
        "on a slow or busy machine, try `make run` again."
    )


def _how(child: Child) -> str:
    result = child.result or 0
    return f"signal {-result}" if result < 0 else f"exit status {result}"


def _last_lines(child: Child) -> str:
    child.reader.join(PATIENCE_SECONDS)
    return "".join(f"  {line}\n" for line in list(child.last_lines))
