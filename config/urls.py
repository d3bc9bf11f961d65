"""Every way in over HTTP, but for the probes (`alerts.monitoring.probes`)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from alerts.monitoring.views import metrics

urlpatterns = [
    # Not for a POST, which would end at a login page with a 200.
    path("", RedirectView.as_view(pattern_name="admin:index", http_method_names=["get", "head"])),
    path("", include("alerts.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
