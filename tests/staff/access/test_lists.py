"""Every list of the admin takes few queries, however many rows it has."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.staff.access.bulk import MAKERS

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 1000
MAX_QUERIES = 14

LISTS = {
    model._meta.label_lower: model  # noqa: SLF001 - Django's documented API
    for model in admin.site._registry  # noqa: SLF001 - what is registered, so that nothing new is missed
}


def queries(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as made:
        answer: Any = client.get(path)
    assert answer.status_code == 200
    assert answer.context["cl"].result_count >= FEW
    return [each["sql"] for each in made.captured_queries]


@pytest.mark.parametrize("label", LISTS)
def test_a_list_takes_few_queries_and_no_more_for_a_thousand_rows(admin_client: Client, label: str) -> None:
    assert label in MAKERS, f"Say in tests/staff/access/bulk.py how many rows of {label} are made."
    path = f"/admin/{label.replace('.', '/')}/"
    MAKERS[label](FEW)
    few = queries(admin_client, path)

    MAKERS[label](MANY)

    many = queries(admin_client, path)
    assert len(many) <= MAX_QUERIES, "\n".join(many)
    assert len(many) <= len(few), "\n".join(many)
