"""Checks passwords: whose is accepted, and how they are hashed."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import User
from django.http import HttpRequest

from clients import sample


class StaffBackend(ModelBackend):
    """Django's backend, limited to logins that need a password.

    The demo's login is published, so it works in local mode only. Where everybody has single sign-on (LOCAL_LOGINS),
    only the logins for emergencies have a password.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        is_the_demo = (username, password) == (sample.LOGIN, sample.PASSWORD)
        if is_the_demo and not settings.LOCAL_MODE:
            return None
        if not settings.LOCAL_LOGINS and username not in settings.BREAK_GLASS_LOGINS:
            return None
        return super().authenticate(request, username, password, **kwargs)


class Argon2id(Argon2PasswordHasher):
    """Argon2id with the minimum of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.

    Django's default takes 100 MiB for each password that is checked, and eight threads of `web-admin` check at once.
    """

    time_cost = 2
    memory_cost = 19_456
    """KiB."""
    parallelism = 1
