"""The URLs of `web-probes`."""

from django.urls import include, path

handler400 = "staff.errors.bad_request"
handler404 = "staff.errors.not_found"
handler500 = "staff.errors.server_error"
urlpatterns = [path("", include("alerts.monitoring.urls"))]
