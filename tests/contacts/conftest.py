"""People who open the clinicians' pages."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client


@pytest.fixture
def auditor(db: None) -> Client:
    """Somebody who may see clinicians, and change nothing."""
    user = User.objects.create_user("auditor", is_staff=True)
    user.groups.add(Group.objects.get(name="Auditors"))
    client = Client()
    client.force_login(user)
    return client
