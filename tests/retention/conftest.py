"""A hospital system's alert that ended long ago, with answers."""

import pytest
from django.contrib.auth.models import User

from alerts.models import Alert
from clients.models import ApiClient
from contacts.models import Clinician
from tests.retention import old
from tests.staff.users import make_user


@pytest.fixture
def staff(db: None) -> User:
    """Somebody who looks after alerts."""
    return make_user("Operators")


@pytest.fixture
def alert(lab: ApiClient, clinician: Clinician, staff: User) -> Alert:
    """Of 100 days ago, with everything that may belong to an alert."""
    taken = old.take(lab)
    old.answered(taken, staff)
    return taken
