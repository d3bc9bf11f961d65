"""Two people who may do all of it."""

import pytest
from django.contrib.auth.models import User


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", first_name="Ada", last_name="Ames")


@pytest.fixture
def olive(db: None) -> User:
    return User.objects.create_user("olive", first_name="Olive", last_name="Oakes")
