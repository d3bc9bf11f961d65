"""Passwords that somebody else has set: their owners have to choose another at the first login."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from staff.models import TemporaryPassword

IN_SESSION = "password_is_temporary"


def set_by_another(user: User) -> None:
    """Have this user choose another password at the next login."""
    TemporaryPassword.objects.get_or_create(user=user)


def chosen(request: HttpRequest, user: User) -> None:
    """Note that the user has chosen a password."""
    TemporaryPassword.objects.filter(user=user).delete()
    request.session.pop(IN_SESSION, None)


def is_temporary(request: HttpRequest) -> bool:
    """Whether this session began with a password that somebody else had set."""
    return IN_SESSION in request.session


@receiver(user_logged_in, dispatch_uid="staff.logins.passwords")
def note(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note it in the session, so that it costs no query for each page."""
    if user.has_usable_password() and TemporaryPassword.objects.filter(user=user).exists():
        request.session[IN_SESSION] = True
