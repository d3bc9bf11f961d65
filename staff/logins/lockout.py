"""Locks people out after wrong passwords, and shows them the page that says so. django-axes counts, in the database."""

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.security import addresses

MOST_OF_A_LOGIN_AT_AN_ADDRESS = settings.AXES_FAILURE_LIMIT
MOST_AT_AN_ADDRESS = 50
"""Many people share the address of a hospital."""
MOST_OF_A_LOGIN = 100
"""From all addresses together. With a lower limit a stranger could lock anybody out."""


class Lockout(AxesDatabaseHandler):
    """The handler of django-axes, with limits of our own and without its queries at each login."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """How many wrong passwords, in a scale on which each limit is `AXES_FAILURE_LIMIT`. The limits are in the order
        of the parameters.
        """
        limits = (MOST_OF_A_LOGIN_AT_AN_ADDRESS, MOST_AT_AN_ADDRESS, MOST_OF_A_LOGIN)
        attempts = self.get_user_attempts(request, credentials)
        counts = [each.aggregate(found=Sum("failures_since_start"))["found"] or 0 for each in attempts]
        return max(
            count * settings.AXES_FAILURE_LIMIT // limit for count, limit in zip(counts, limits, strict=True)
        )

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        """Start again for this login at this address. Other failures from there still count."""
        AccessAttempt.objects.filter(username=user.get_username(), ip_address=address(request)).delete()

    def user_logged_out(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        """Do nothing."""


def address(request: HttpRequest) -> str | None:
    """The client's address as axes keeps it."""
    return addresses.of_client(request) or None


def page(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """The page for somebody who is locked out, even with the right password."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    context = {**admin.site.each_context(request), "title": "Locked", "minutes": minutes}
    shown = render(request, "registration/locked.html", context, status=429)
    shown["Retry-After"] = str(minutes * 60)
    return shown
