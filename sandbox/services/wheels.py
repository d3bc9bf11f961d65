"""Finds the wheels with the servers, and runs a server that refuses to run as root."""

import hashlib
import importlib.util
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.services.server import ServiceError


def directory(package: str) -> Path:
    """The directory of an installed wheel. Raises ServiceError if it is missing."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServiceError(f"The package {package} is not installed: run `make install`.")
    return Path(spec.origin).parent


def nobody() -> pwd.struct_passwd:
    """The account that PostgreSQL runs as when root starts it."""
    return pwd.getpwnam("nobody")


def without_root() -> Sequence[str]:
    """The command prefix with which root starts PostgreSQL, which refuses to run as root.

    It becomes `nobody`, but keeps the right to pass through directories such as /root (0700).
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            "PostgreSQL does not run as root, and setpriv (package util-linux) is missing: run as an ordinary user."
        )
    account = nobody()
    keep = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *keep]


def for_everybody(package: Path) -> Path:
    """The wheel's directory, or a copy of it and its libraries that `nobody` can read.

    PostgreSQL checks with access(2) that it can read its own binary, which ignores the right that `without_root` keeps.
    """
    if _everybody_may_pass(package.parent):
        return package
    digest = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    place = _place_for_everybody()
    copy = place / f"bleep-wheel-{digest}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="bleep-wheel-", dir=place))
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, unfinished / part.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(unfinished)
    if copy.lstat().st_uid != 0:
        raise ServiceError(f"{copy} belongs to another user, so root must not run it: remove it.")
    return copy / package.name


def _everybody_may_pass(directory: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (directory, *directory.parents))


def _place_for_everybody() -> Path:
    """A temporary directory that every user can enter; TMPDIR may name a private one."""
    for place in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - made by mkdtemp there
        if place.is_dir() and _everybody_may_pass(place):
            return place
    raise ServiceError("No temporary directory is open to every user: point TMPDIR at one that is.")
