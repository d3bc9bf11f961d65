"""People who open the clinicians' pages."""

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from contacts.models import Clinician
from tests.environment import database_url


@pytest.fixture
def auditor(db: None) -> Client:
    """Somebody who may see clinicians, and change nothing."""
    user = User.objects.create_user("auditor", is_staff=True)
    user.groups.add(Group.objects.get(name="Auditors"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def held(transactional_db: None, clinician: Clinician) -> Iterator[None]:
    """Somebody else's transaction holds the clinician, and nobody waits for long."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(database_url(str(connection.settings_dict["NAME"]))) as other:
        other.execute("SELECT 1 FROM contacts_clinician FOR NO KEY UPDATE")
        yield
    connection.close()
