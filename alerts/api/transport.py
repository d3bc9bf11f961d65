"""Requests to the API must come over https."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from alerts.api import problems
from alerts.monitoring import front_door

ADDRESSES = ("/notification", front_door.PATH)


class HttpsOnly:
    """Refuses an API request over http before anything redirects it.

    Clients follow the redirect of a POST with a GET. They would get the list with a 200, and believe that the alert is
    stored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.HTTPS and is_api(request.path_info) and not request.is_secure():
            return problems.insecure()
        return self.get_response(request)


def is_api(path: str) -> bool:
    """Whether the path belongs to the API."""
    return path in ADDRESSES or path.startswith(f"{ADDRESSES[0]}/")
