"""The part of a page that our scripts reload to keep it up to date (see `refresh.js`)."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

HEADER = "X-Bleep-Refresh"
"""The header of our scripts. Messages to the user are shown once, so they must wait for a whole page."""


def only_part(request: HttpRequest, response: HttpResponse, template: str) -> HttpResponse:
    """The response, rendered with `template` alone if one of our scripts asks for it."""
    if HEADER in request.headers and isinstance(response, TemplateResponse):
        response.template_name = template
    return response
