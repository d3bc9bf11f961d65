"""Every list of the admin takes few queries, however many rows it has."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.staff.access.bulk import make_rows

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 250
"""Many are more than one page of a list, and more than a list can show whole."""
MAX_QUERIES = 14

LISTS = [
    model._meta.label_lower  # noqa: SLF001 - Django's documented API
    for model in admin.site._registry  # noqa: SLF001 - what is registered, so that nothing new is missed
]


def queries(client: Client, label: str, rows: int) -> list[str]:
    with CaptureQueriesContext(connection) as made:
        answer: Any = client.get(f"/admin/{label.replace('.', '/')}/")
    assert answer.status_code == 200, label
    found = answer.context["cl"].result_count
    assert found >= rows, f"Make {rows} rows of {label} in tests/staff/access/bulk.py: there are {found}."
    return [each["sql"] for each in made.captured_queries]


def test_each_list_takes_few_queries_and_no_more_for_hundreds_of_rows(admin_client: Client) -> None:
    make_rows(FEW)
    few = {label: queries(admin_client, label, FEW) for label in LISTS}

    make_rows(MANY)

    many = {label: queries(admin_client, label, MANY) for label in LISTS}
    too_many = {label: made for label, made in many.items() if len(made) > min(MAX_QUERIES, len(few[label]))}
    assert not too_many, "\n".join(f"{label}:\n" + "\n".join(made) for label, made in too_many.items())
