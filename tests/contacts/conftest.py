"""Locks that somebody else holds."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from contacts.models import Clinician
from tests.environment import database_url


@pytest.fixture
def held(transactional_db: None, clinician: Clinician) -> Iterator[None]:
    """Another transaction holds the clinician, and lock_timeout is short."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(database_url(str(connection.settings_dict["NAME"]))) as other:
        other.execute("SELECT 1 FROM contacts_clinician FOR NO KEY UPDATE")
        yield
    connection.close()
