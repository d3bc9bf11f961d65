"""Every URL except the probes, which answer before URLs are looked up (`alerts.monitoring.probes`)."""

from collections.abc import Callable
from functools import wraps
from threading import Lock

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import include, path
from django.views.decorators.cache import cache_page
from django.views.generic import RedirectView, TemplateView
from drf_spectacular.views import SpectacularAPIView

admin.autodiscover()
handler400 = "staff.errors.bad_request"
handler404 = "staff.errors.not_found"
handler500 = "staff.errors.server_error"


def for_readers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page for everybody; if PUBLIC_DOCS is off, for people who are logged in to the staff's site."""
    for_staff = staff_member_required(view)

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        return (view if settings.PUBLIC_DOCS else for_staff)(request)

    return answer


def one_at_a_time(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer one request after another, so that waiting ones find the first one's result in the cache."""
    lock = Lock()

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        with lock:
            response = view(request)
            # `cache_page` keeps it when it is rendered.
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return answer


urlpatterns = [
    # Not for a POST, which would end at a login page with a 200.
    path("", RedirectView.as_view(pattern_name="admin:index", http_method_names=["get", "head"])),
    path("", include("alerts.api.urls")),
    path("", include("alerts.responses.urls")),
    # Made once in ten minutes: it is the same for everybody, and making it takes as long as ten alerts. Two at once
    # would fail: drf-spectacular loads its extensions with the first, and takes no lock.
    path(
        "schema",
        for_readers(one_at_a_time(cache_page(600, cache="process")(SpectacularAPIView.as_view()))),
        name="schema",
    ),
    path("docs", for_readers(TemplateView.as_view(template_name="staff/api/page.html")), name="docs"),
    path("", include("alerts.monitoring.urls")),
    path("admin/account/", include("staff.logins.urls")),
    path("admin/", admin.site.urls),
]
