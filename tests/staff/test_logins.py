"""Logins: nobody's deeds are lost with theirs."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Clinician
from tests.staff.cast import SUPERUSER, make_user

pytestmark = pytest.mark.django_db

USERS = "/admin/auth/user/"


@pytest.fixture
def somebody() -> User:
    """Somebody of the staff who has done something."""
    user = make_user("Integrators")
    LogEntry.objects.create(user=user, action_flag=1, object_repr="a token")
    return user


def test_a_login_is_not_deleted_not_even_by_a_superuser(admin_client: Client, somebody: User) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [somebody.pk], "post": "yes"}

    assert admin_client.post(f"{USERS}{somebody.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(USERS, chosen)

    assert User.objects.filter(pk=somebody.pk).exists()
    assert LogEntry.objects.filter(user=somebody).exists()


def test_the_page_of_a_login_says_what_to_do_instead(admin_client: Client, somebody: User) -> None:
    page = admin_client.get(f"{USERS}{somebody.pk}/change/").content.decode()

    assert "A login is never deleted" in page
    assert "When somebody leaves, untick “Active”" in page


def test_who_was_made_inactive_is_out_at_once(somebody: User) -> None:
    client = Client()
    client.force_login(somebody)
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=somebody.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302


def test_what_a_deleted_login_did_is_not_called_bleeps_own(
    admin_client: Client, clinician: Clinician
) -> None:
    user = make_user(SUPERUSER)
    clinician.history.update(history_user=user)
    user.delete()  # by a command, or before the admin refused it

    history = admin_client.get(f"/admin/contacts/clinician/{clinician.pk}/history/").content.decode()

    assert "Bleep itself, or a login that was deleted" in history
