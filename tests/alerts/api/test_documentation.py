"""The OpenAPI document and the page that shows it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from pytest_django.fixtures import Settings

from alerts.api.serializers import NewAlertSerializer
from tests.factories import an_alert
from tests.sender import Sender


@pytest.fixture
def document() -> dict[str, Any]:
    """The document as it is served."""
    served = Client().get("/schema")
    assert served.status_code == 200
    loaded: dict[str, Any] = yaml.safe_load(served.content)
    return loaded


def test_it_is_valid_and_generated_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_it_is_made_once_however_many_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making it takes a second of processor time, and anybody may ask for it."""
    made: list[object] = []
    get_schema: Any = SchemaGenerator.get_schema

    def count(generator: Any, *args: Any, **kwargs: Any) -> Any:
        made.append(generator)
        return get_schema(generator, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", count)
    caches["process"].clear()

    with ThreadPoolExecutor(8) as readers:
        answers = list(readers.map(lambda _: Client().get("/schema"), range(16)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(made) == 1


def test_it_names_every_answer_of_a_post(document: dict[str, Any]) -> None:
    validate_schema(document)  # type: ignore[no-untyped-call]

    answers = document["paths"]["/notification"]["post"]["responses"]

    assert set(answers) == {
        "200",
        "202",
        "400",
        "401",
        "403",
        "408",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
        "503",
    }


def test_its_example_is_an_alert_that_is_taken(document: dict[str, Any]) -> None:
    content = document["paths"]["/notification"]["post"]["requestBody"]["content"]["application/json"]
    [example] = content["examples"].values()

    assert NewAlertSerializer(data=example["value"]).is_valid()


@pytest.mark.django_db
def test_an_answer_has_the_fields_that_it_promises(
    document: dict[str, Any], sender: Sender, clinician: Any
) -> None:
    schema = document["components"]["schemas"]

    sender.post(an_alert())
    answer = sender.get("/notification/123").json()

    assert set(answer) == set(schema["AlertDetail"]["properties"])
    assert set(answer["deliveries"][0]) == set(schema["DeliveryWithAttempts"]["properties"])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/docs", "/schema"])
def test_where_it_is_not_public_only_staff_read_it(
    settings: Settings, admin_client: Client, path: str
) -> None:
    settings.PUBLIC_DOCS = False

    stranger = Client().get(path)

    assert (stranger.status_code, stranger["Location"]) == (302, f"/admin/login/?next={path}")
    assert admin_client.get(path).status_code == 200


def test_a_list_is_described_as_it_is_answered(document: dict[str, Any]) -> None:
    answer = document["paths"]["/notification"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    page = document["components"]["schemas"][answer["$ref"].rpartition("/")[2]]

    assert set(page["properties"]) == set(page["required"]) == {"next", "previous", "results"}


def test_the_token_can_be_given_on_the_page(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["token"]["name"] == "Authorization"


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = Client().get("/docs").content.decode()

    sources = re.findall(r'<(?:script|img|link)\b[^>]*(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(re.match(r"/(?!/)", source) for source in sources)


def test_the_page_loads_every_colour_that_it_uses() -> None:
    page = Client().get("/docs").content.decode()
    sheets = [str(finders.find(name)) for name in re.findall(r'href="/static/([^"]+\.css)"', page)]
    css = "".join(Path(sheet).read_text(encoding="utf-8") for sheet in sheets)

    assert "var(--color-base-900)" in css
    assert set(re.findall(r"var\((--[a-z0-9-]+)", css)) <= set(re.findall(r"(--[a-z0-9-]+):", css))
