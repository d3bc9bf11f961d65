"""Whose password is taken."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from clients import sample


class StaffBackend(ModelBackend):
    """Django's, without the demo's login outside local mode: its password is published."""

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
        return super().authenticate(request, username, password, **kwargs)
