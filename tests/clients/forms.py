"""Submits the admin's forms for tokens, and reads the pages that follow."""

from typing import Any

from django.test import Client

from clients.models import ApiClient, ApiToken

TOKENS = "/admin/clients/apitoken/"
ADD = "/admin/clients/apitoken/add/"
ISSUED = "/admin/clients/apitoken/issued/"


def typed(lab: ApiClient, **fields: str) -> dict[str, str]:
    return {"client": str(lab.pk), "label": "Analyser 2", "access": "send", **fields}


def add(client: Client, fields: dict[str, str]) -> Any:
    """The page that adding a token leads to."""
    return client.post(ADD, fields, follow=True)


def act(client: Client, action: str, *chosen: ApiToken) -> Any:
    """The page that an action leads to, once its question is answered with yes."""
    keys = [token.pk for token in chosen]
    asked = client.post(TOKENS, {"action": action, "_selected_action": keys}, follow=True)
    assert [token.pk for token in asked.context["chosen"]] == sorted(keys, reverse=True)
    return client.post(f"{TOKENS}{action}/", {"token": keys}, follow=True)


def shown_messages(answer: Any) -> list[str]:
    """The messages on the page that the answer leads to."""
    return [str(message) for message in answer.context["messages"]]


def secrets_shown(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [secret for _token, secret in answer.context["issued"] if secret in answer.content.decode()]
