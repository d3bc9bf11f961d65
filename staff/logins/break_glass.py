"""Logins for emergencies, such as when single sign-on is away. Whoever uses one is heard of."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from config import addresses

log = structlog.get_logger(__name__)


@receiver(user_logged_in, dispatch_uid="staff.logins.break_glass")
def shout(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """In the log; Home and the health checks say it for a day."""
    if user.get_username() in settings.BREAK_GLASS_LOGINS:
        log.error("login.break_glass", user_id=user.pk, address=addresses.of_client(request))
