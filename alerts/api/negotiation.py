"""In which form to answer."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Forgiving(DefaultContentNegotiation):
    """Answers in a form that was not asked for where there is no other: an alert is not lost over a header."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        offered: Sequence[BaseRenderer] = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, offered, format_suffix)
        except (NotAcceptable, Http404):  # by the Accept header, or by `?format=`
            return offered[0], offered[0].media_type
        return chosen
