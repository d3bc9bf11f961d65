"""The home page: what staff see first after they log in."""

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest, shown: dict[str, Any]) -> dict[str, Any]:
    """What `admin/index.html` shows; `shown` is the admin's own context, with `app_list`."""
    return shown
