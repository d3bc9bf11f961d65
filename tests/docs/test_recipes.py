"""CONTRIBUTING's recipes name the places that the code has."""

import importlib
import re

import pytest

from scripts.docs import PARTS
from tests.docs.documents import ROOT, read

RECIPES = (
    "A new channel",
    "The retry schedule",
    "A field of a clinician",
    "A column of a list",
    "What a call says",
)
NAMED = re.compile(r"`(\w+)`\s+in\s+`([\w/]+\.py)`")
PATHS = re.compile(r"`((?:\w+/)+(?:\w+\.\w+)?)`")
TO_BE_WRITTEN = {"alerts/channels/pager.py"}


def recipe(title: str) -> str:
    """The text of one recipe."""
    _, _, rest = read("CONTRIBUTING.md").partition(f"### {title}\n")
    assert rest, f"CONTRIBUTING.md has no recipe “{title}”"
    return re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_names_places_that_exist(title: str) -> None:
    text = recipe(title)
    named = NAMED.findall(text)

    assert named, "a recipe names at least one place"
    for name, path in named:
        module = importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        assert hasattr(module, name), f"{path} has no {name}"
    missing = [path for path in PATHS.findall(text) if not (ROOT / path).exists()]
    assert set(missing) <= TO_BE_WRITTEN


def test_the_retry_recipe_names_the_file_that_make_docs_writes() -> None:
    assert f"`make docs` updates the table in `{PARTS['retries'][0]}`" in " ".join(
        recipe("The retry schedule").split()
    )
