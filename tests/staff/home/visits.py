"""Home as a user sees it."""

import re

from django.test import Client

from tests.staff.users import make_user


def home_of(person: str) -> Client:
    client = Client()
    client.force_login(make_user(person))
    return client


def kinds(client: Client) -> list[str]:
    """The kinds of things that need attention, as the page has them."""
    return re.findall(r'data-kind="([^"]+)"', client.get("/admin/").content.decode())
