"""Every way in over HTTP."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config import health

admin.site.site_header = "Bleep"
admin.site.site_title = "Bleep"
admin.site.index_title = "Alerts for clinicians"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("alerts.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]
