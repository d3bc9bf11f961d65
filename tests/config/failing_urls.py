"""A view that fails with private data in its path, its query and its exception."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from clients.models import ApiClient


def fail(request: HttpRequest, reference: str) -> HttpResponse:
    text = f"{reference} {request.GET['number']}"
    match request.GET["how"]:
        case "database":
            ApiClient.objects.create(name=text)
            ApiClient.objects.create(name=text)
        case "sql":
            connection.cursor().execute("SELECT %s::int", [text])
        case "denied":
            raise PermissionDenied(text)
        case "suspicious":
            raise SuspiciousOperation(text)
        case "answered":
            return HttpResponse(text, status=503)
        case "chained":
            raise ValueError(f"no {text}") from KeyError(text)
    raise ValueError(text)


urlpatterns = [path("patients/<str:reference>", fail)]
