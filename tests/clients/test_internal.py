"""Bleep's own client, in whose name tests are sent: nobody else gets its name, and it gets no token."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from clients import internal
from clients.internal import TESTS
from clients.models import ApiClient, ApiToken
from tests.clients.desk import ADD, typed

pytestmark = pytest.mark.django_db


def test_the_client_of_tests_is_there_before_the_first_test_and_cannot_send(db: None) -> None:
    client = ApiClient.objects.get(name=TESTS)

    assert client.active is False
    assert client == internal.tests_client()


def test_who_had_taken_its_name_can_send_no_longer(db: None) -> None:
    ApiClient.objects.filter(name=TESTS).update(active=True)

    import_module("clients.migrations.0006_tests_client").reserve(apps, None)

    client = ApiClient.objects.get(name=TESTS)
    assert client.active is False
    assert client.history.first().history_type == "~"


@pytest.mark.parametrize(
    "name", [TESTS, TESTS.upper(), f" {TESTS}", TESTS.replace(" ", "  "), "Tests by Bleep’s staff"]
)
def test_no_hospital_system_gets_the_name_of_the_client_of_tests(
    admin_client: Client, lab: ApiClient, name: str
) -> None:
    fields = {"name": name, "active": "on", "_save": "Save"}

    for page in ("add", f"{lab.pk}/change"):
        answer = admin_client.post(f"/admin/clients/apiclient/{page}/", fields)
        assert answer.context["adminform"].form.errors["name"][0] == (
            "“Tests by Bleep's staff” is Bleep's own name for its tests. Choose another."
        )
    assert not ApiClient.objects.filter(active=True).exclude(pk=lab.pk).exists()


def test_the_client_of_tests_gets_no_token(admin_client: Client, lab: ApiClient) -> None:
    found: Any = admin_client.get(
        "/admin/autocomplete/", {"app_label": "clients", "model_name": "apitoken", "field_name": "client"}
    ).json()
    assert [each["text"] for each in found["results"]] == ["Lab system"]

    answer = admin_client.post(ADD, typed(internal.tests_client()))

    assert "nobody sends as it" in answer.context["adminform"].form.errors["client"][0]
    assert not ApiToken.objects.exists()
