"""The staff's site, whose session is with a read-only server, as after a failover."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_next_request_gets_another_session() -> None:
    User.objects.create_user("nurse", password="not a secret", is_staff=True)
    client = Client(raise_request_exception=False, headers={"Accept": "text/html"})
    login = {"username": "nurse", "password": "not a secret"}
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    refused = client.post("/admin/login/", login)

    assert refused.status_code == 503
    assert "The database is read-only. Nothing can be saved" in refused.content.decode()
    assert client.post("/admin/login/", login).status_code == 302
