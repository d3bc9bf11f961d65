"""Every way in over HTTP, but for the probes (`config.health`)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.metrics import metrics

admin.site.site_header = "Bleep"
admin.site.site_title = "Bleep"
admin.site.index_title = "Alerts for clinicians"
admin.site.site_url = None  # the link would lead back here

urlpatterns = [
    # Not for a POST, which would end at a login page with a 200.
    path("", RedirectView.as_view(pattern_name="admin:index", http_method_names=["get", "head"])),
    path("", include("alerts.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
