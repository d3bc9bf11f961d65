"""The requests to AWS that Bleep makes, as `permissions.toml` lists them."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Permission(NamedTuple):
    """One statement; `permissions.toml` explains the fields."""

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    without: str = ""
    all_but: bool = False
    via: str = ""
    used_with: str = ""


PERMISSIONS = tuple(
    Permission(**{**each, "actions": tuple(each["actions"]), "resources": tuple(each["resources"])})
    for each in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["permission"]
)
