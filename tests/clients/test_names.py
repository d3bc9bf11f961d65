"""Names of hospital systems that look the same are the same, by form and by command."""

import html
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client

from clients.models import ApiClient, ApiToken

pytestmark = pytest.mark.django_db
ADD = "/admin/clients/apiclient/add/"
LAB = "Lab system"
SAME = ["Lab system\u200b", "Lab\u00a0system", "\ufeffLab  system ", "Lab\u00ad system"]


def answer_to(name: str) -> str:
    """The page that answers the form for a new system."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff"))
    fields = {"name": name, "active": "on", "requests_per_minute": ""}
    tokens = {"tokens-TOTAL_FORMS": "0", "tokens-INITIAL_FORMS": "0"}
    answer: Any = browser.post(ADD, {**fields, **tokens}, follow=True)
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("spelling", SAME, ids=ascii)
def test_a_form_refuses_a_twin(spelling: str) -> None:
    ApiClient.objects.create(name=LAB)

    assert "API client with this Name already exists." in answer_to(spelling)
    assert ApiClient.objects.count() == 1


def test_a_form_stores_the_normal_form() -> None:
    answer_to("  Lab\u00a0system\u200b")

    assert ApiClient.objects.get().name == LAB


def test_a_form_names_the_character_that_no_name_has() -> None:
    assert "There is a control character in it (U+0001): take it out." in answer_to("Lab\x01system")
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("spelling", SAME, ids=ascii)
def test_code_stores_and_finds_the_normal_form(spelling: str) -> None:
    ApiClient.objects.create(name=spelling)

    assert ApiClient.objects.get(name=spelling).name == LAB
    with pytest.raises(IntegrityError):
        ApiClient.objects.create(name=LAB)


def test_the_command_issues_a_token_for_the_same_system() -> None:
    known = ApiClient.objects.create(name=LAB)

    call_command(
        "create_token", "Lab\u200b system", label="ward\u00a04", stdout=StringIO(), stderr=StringIO()
    )

    token = ApiToken.objects.get()
    assert (token.client, token.label) == (known, "ward 4")
