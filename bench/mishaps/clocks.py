"""A process whose clock is an hour ahead, by libfaketime where that is installed.

`time.time()`, `datetime.now()` and the like are ahead. `CLOCK_MONOTONIC` is not shifted, nor are times of files.
Waits would last for an hour otherwise: the kernel, which ends them, has the right clock.
"""

from pathlib import Path

PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib")
LIBRARY = "libfaketimeMT.so.1"
"""The library for programs with threads."""
SHIM = Path(__file__).parent / "faketime"
"""A directory for PYTHONPATH: its `sitecustomize` repairs what libfaketime breaks in Python."""


def ahead() -> dict[str, str]:
    """The environment of a process whose clock is an hour ahead. Empty if libfaketime is not installed."""
    places = (each for place in PLACES for each in (place, f"{place}/*-linux-gnu"))
    found = [
        library for place in places for library in sorted(Path("/").glob(f"{place[1:]}/faketime/{LIBRARY}"))
    ]
    if not found:
        return {}
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": "+1h",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": str(SHIM),
    }
