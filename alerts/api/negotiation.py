"""The media type of a response."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Forgiving(DefaultContentNegotiation):
    """Responds with JSON even if the client accepts none of our media types: no alert is lost because of a header."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        offered: Sequence[BaseRenderer] = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, offered, format_suffix)
        except (NotAcceptable, Http404):  # by the Accept header, or by `?format=`
            return offered[0], offered[0].media_type
        return chosen
