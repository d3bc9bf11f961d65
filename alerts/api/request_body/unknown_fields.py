"""Unknown fields in a request: most are misspelt, and without an error their values would be lost."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

NAMED = 10
"""How many are named: a body may have thousands."""
LONGEST = 64


def unknown(sent: Iterable[str], fields: Collection[str]) -> dict[str, list[str]]:
    """An error for each name in `sent` that is not in `fields`. If there are many, only for the first ones."""
    strange = [name for name in sent if name not in fields]
    errors = {_shown(name): [_sentence(_shown(name), fields)] for name in strange[:NAMED]}
    if len(strange) > NAMED:
        errors["non_field_errors"] = [
            f"There are {len(strange) - NAMED:,} more fields that an alert does not have."
        ]
    return errors


def _shown(name: str) -> str:
    """The name, cut, and without half a surrogate pair, which no response can contain."""
    return name[:LONGEST].encode(errors="replace").decode()


def _sentence(name: str, fields: Collection[str]) -> str:
    bare = {field.replace("_", ""): field for field in fields}
    near = get_close_matches("".join(filter(str.isalnum, name)).lower(), bare, n=1, cutoff=0.6)
    if near:
        return f"There is no field “{name}”. Did you mean “{bare[near[0]]}”?"
    return f"There is no field “{name}”. An alert has {', '.join(fields)}."
